import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import passport from 'passport';

import { MalformedCredentialError, UnauthenticatedError } from '../errors/index.js';
import type { AuthentikUser } from '../protocol/user.js';
import type { RequestAuthenticator } from '../rules/request-authentication.js';
import { AuthentikTokenService } from '../tokens/authentik-token.service.js';
import { registerBearerStrategy } from './bearer.strategy.js';

/** Longer headers are refused before anything looks into them. */
const maxAuthorizationCharacters = 16 * 1024;

/** Authenticates by the `Authorization: Bearer` header, through Passport. */
@Injectable()
export class BearerAuthenticator implements RequestAuthenticator, OnModuleDestroy {
  private readonly strategy = `authentik-bearer-${randomUUID()}`;

  constructor(tokens: AuthentikTokenService) {
    registerBearerStrategy(this.strategy, tokens);
  }

  authenticate(request: object, response: object): Promise<AuthentikUser> {
    return new Promise((resolve, reject) => {
      checkForm(request);
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
  const sent = (rawHeaders ?? []).filter((name, index) => index % 2 === 0 && name.toLowerCase() === 'authorization');
  if (sent.length > 1) throw malformed();
}
