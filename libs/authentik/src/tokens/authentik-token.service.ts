import { Injectable } from '@nestjs/common';

import { AuthentikError, refusalReason, TokenVerificationError } from '../errors/index.js';
import { AuthentikLogger } from '../observability/authentik-logger.js';
import { type AuthentikUser, toAuthentikUser } from '../protocol/user.js';
import { JwtVerifier } from './verify/jwt.verifier.js';

/** What an app injects to work with tokens itself. Guards ask the same service. */
@Injectable()
export class AuthentikTokenService {
  constructor(
    private readonly jwt: JwtVerifier,
    private readonly logger: AuthentikLogger,
  ) {}

  /**
   * Decides whether an access token may be trusted here: signed by a key that Authentik publishes, from our issuer,
   * issued to our application, in time, and an access token at all.
   *
   * Not checked here: groups and scopes. Guards do that per handler.
   * @param accessToken without the scheme
   * @returns the user, with `expiresAt` in epoch seconds and the claims as on the wire
   * @throws {TokenVerificationError} not acceptable; `reason` says why; the wire shows 401 `invalid_token`
   * @throws {AuthentikUnavailableError} nobody could be asked; the wire shows 503
   */
  async verifyToken(accessToken: string): Promise<AuthentikUser> {
    try {
      const user = toAuthentikUser(await this.jwt.verify(accessToken), 'bearer');
      if (this.logger.writes('debug')) {
        this.logger.debug(`local verification accepts a token: client=${user.clientId} sub=${user.id}`);
      }
      return user;
    } catch (error) {
      if (this.logger.writes('debug')) {
        const why =
          error instanceof AuthentikError ? `${refusalReason(error)}: ${error.message}` : 'an unexpected error';
        this.logger.debug(`local verification refuses a token: ${why}`);
      }
      throw error;
    }
  }

  /**
   * Like {@link verifyToken}, with `null` for a token that is not acceptable.
   * @throws {AuthentikUnavailableError} nobody could be asked, so neither yes nor no is known
   */
  async tryVerifyToken(accessToken: string): Promise<AuthentikUser | null> {
    try {
      return await this.verifyToken(accessToken);
    } catch (error) {
      if (error instanceof TokenVerificationError) return null;
      throw error;
    }
  }
}
