import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import passport from 'passport';

import { MalformedCredentialError, UnauthenticatedError } from '../errors/index.js';
import type { AuthentikUser } from '../protocol/user.js';
import type { RequestAuthenticator } from '../rules/request-authentication.js';
import { AuthentikTokenService } from '../tokens/authentik-token.service.js';
import { TokenVerifier } from '../tokens/verify/token.verifier.js';
import { registerBearerStrategy } from './bearer.strategy.js';

/** Longer headers are refused before anything looks into them. */
const maxAuthorizationCharacters = 16 * 1024;

/** Authenticates by the `Authorization: Bearer` header, through Passport. */
@Injectable()
export class BearerAuthenticator implements RequestAuthenticator, OnModuleDestroy {
  readonly credential = 'bearer';
  private readonly strategy = `authentik-bearer-${randomUUID()}`;

  constructor(
    tokens: AuthentikTokenService,
    private readonly verifier: TokenVerifier,
  ) {
    registerBearerStrategy(this.strategy, tokens);
  }

  /** Any `Authorization` counts: what is no token is refused, and not passed over for a cookie. */
  isPresent(request: object): boolean {
    return (request as IncomingMessage).headers.authorization !== undefined;
  }

  authenticate(request: object, response: object): AuthentikUser | Promise<AuthentikUser> {
    checkForm(request);
    return this.recall(request) ?? this.askStrategy(request, response);
  }

  /** A token that was verified before needs none of Passport's machinery, which would come to the same. */
  private recall(request: object): AuthentikUser | undefined {
    const { authorization } = (request as IncomingMessage).headers;
    return authorization?.startsWith('Bearer ') === true ? this.verifier.recall(authorization.slice(7)) : undefined;
  }

  private askStrategy(request: object, response: object): Promise<AuthentikUser> {
    return new Promise((resolve, reject) => {
      const decided = (error: unknown, user?: AuthentikUser | false | null, _info?: unknown, status?: unknown) => {
        if (error !== null && error !== undefined) reject(error);
        else if (user) resolve(user);
        // The base strategy says 400 for a header that is not scheme and token.
        else reject([status].flat().includes(400) ? malformed() : new UnauthenticatedError());
      };
      const middleware = passport.authenticate(this.strategy, { session: false }, decided) as (
        request: object,
        response: object,
        next: (error?: unknown) => void,
      ) => void;
      middleware(request, response, (error) => reject(error));
    });
  }

  onModuleDestroy(): void {
    passport.unuse(this.strategy);
  }
}

const malformed = () =>
  new MalformedCredentialError('The Authorization header is not "Bearer" and one access token, or was sent twice.');

function checkForm(request: object): void {
  const { headers, rawHeaders } = request as IncomingMessage;
  if ((headers.authorization?.length ?? 0) > maxAuthorizationCharacters) throw malformed();
  // Node keeps the first of several; which one is meant is not for us to guess.
  let sent = 0;
  for (let index = 0; index < (rawHeaders?.length ?? 0); index += 2) {
    const name = rawHeaders[index];
    if (name?.length === 13 && name.toLowerCase() === 'authorization') sent += 1;
  }
  if (sent > 1) throw malformed();
}
