import { randomUUID } from 'node:crypto';

import { PassportStrategy } from '@nestjs/passport';
import { Strategy, type VerifyFunction } from 'passport-http-bearer';

import { RegisteredStrategy } from '../http/registered-strategy.js';
import type { AuthentikUser } from '../protocol/user.js';
import type { AuthentikTokenService } from '../tokens/authentik-token.service.js';

type Request = Parameters<Strategy<VerifyFunction>['authenticate']>[0];

/** `passport-http-bearer`, reduced to what RFC 6750 §2.1 and MCP allow: the token is in the header or nowhere. */
class HeaderBearerStrategy extends Strategy<VerifyFunction> {
  override authenticate(request: Request, options?: object): void {
    // The base class also takes `access_token` from query and body. It gets neither to see.
    super.authenticate({ headers: request.headers } as Request, options);
  }
}

/**
 * Registers the strategy with Passport, under a name of its own for each module instance: a second app with the same name
 * would take the first one's strategy over.
 */
export function registerBearerStrategy(tokens: AuthentikTokenService): RegisteredStrategy {
  const name = `authentik-bearer-${randomUUID()}`;
  class AuthentikBearerStrategy extends PassportStrategy(HeaderBearerStrategy, name) {
    validate(accessToken: string): Promise<AuthentikUser> {
      return tokens.verifyToken(accessToken);
    }
  }
  // Constructing it is what registers it.
  void new AuthentikBearerStrategy();
  return new RegisteredStrategy(name);
}
