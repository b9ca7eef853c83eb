import type { IncomingMessage } from 'node:http';

import { Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';

import { MalformedCredentialError, UnauthenticatedError } from '../errors/index.js';
import type { RegisteredStrategy } from '../http/registered-strategy.js';
import { timesSent } from '../http/times-sent.js';
import type { AuthentikUser } from '../protocol/user.js';
import type { RequestAuthenticator } from '../rules/request-authentication.js';
import { AuthentikTokenService } from '../tokens/authentik-token.service.js';
import { TokenVerifier } from '../tokens/verify/token.verifier.js';

/** Longer headers are refused before anything looks into them. */
const maxAuthorizationCharacters = 16 * 1024;

/** Authenticates by the `Authorization: Bearer` header, through Passport. */
@Injectable()
export class BearerAuthenticator implements RequestAuthenticator, OnModuleInit, OnModuleDestroy {
  readonly credential = 'bearer';
  private strategy: Promise<RegisteredStrategy> | undefined;

  constructor(
    private readonly tokens: AuthentikTokenService,
    private readonly verifier: TokenVerifier,
  ) {}

  /** Any `Authorization` counts: what is no token is refused, and not passed over for a cookie. */
  isPresent(request: object): boolean {
    return (request as IncomingMessage).headers.authorization !== undefined;
  }

  authenticate(request: object, response: object): AuthentikUser | Promise<AuthentikUser> {
    const { authorization } = (request as IncomingMessage).headers;
    checkForm(request, authorization);
    // A token that was verified before needs none of Passport's machinery, which would come to the same.
    const recalled =
      authorization?.startsWith('Bearer ') === true ? this.verifier.recall(authorization.slice(7)) : undefined;
    return recalled ?? this.askStrategy(request, response);
  }

  private async askStrategy(request: object, response: object): Promise<AuthentikUser> {
    const strategy = await (this.strategy ??= this.register());
    return new Promise((resolve, reject) => {
      const middleware = strategy.middleware({ session: false }, (error, user, _info, status) => {
        if (error !== null && error !== undefined) reject(error);
        else if (user) resolve(user as AuthentikUser);
        // The base strategy says 400 for a header that is not scheme and token.
        else reject([status].flat().includes(400) ? malformed() : new UnauthenticatedError());
      });
      middleware(request, response, (error) => reject(error));
    });
  }

  /** Before the first token can come: Node never again loads what it could not read once, say for want of descriptors. */
  async onModuleInit(): Promise<void> {
    await (this.strategy ??= this.register());
  }

  private async register(): Promise<RegisteredStrategy> {
    const { registerBearerStrategy } = await import('./bearer.strategy.js');
    return registerBearerStrategy(this.tokens);
  }

  async onModuleDestroy(): Promise<void> {
    const strategy = await this.strategy;
    strategy?.remove();
  }
}

const malformed = () =>
  new MalformedCredentialError('The Authorization header is not "Bearer" and one access token, or was sent twice.');

function checkForm(request: object, authorization: string | undefined): void {
  if ((authorization?.length ?? 0) > maxAuthorizationCharacters) throw malformed();
  if (timesSent(request, 'authorization') > 1) throw malformed();
}
