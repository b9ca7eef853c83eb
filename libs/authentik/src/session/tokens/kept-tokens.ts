import { Injectable } from '@nestjs/common';

import { AuthentikLogger } from '../../observability/authentik-logger.js';
import { AuthentikTokenService } from '../../tokens/authentik-token.service.js';
import type { SessionTokens } from './sealed-tokens.js';

/** What sessions kept that have ended: Authentik lets a refresh token outlive the session that it came from. */
@Injectable()
export class KeptTokens {
  constructor(
    private readonly tokens: AuthentikTokenService,
    private readonly logger: AuthentikLogger,
  ) {}

  /** One after another, for a person may have had many sessions. */
  async revokeAll(all: readonly SessionTokens[]): Promise<void> {
    for (const tokens of all) await this.revoke(tokens);
  }

  /** Makes them useless, as far as Authentik can be told. The session is over in any case, so nothing is thrown. */
  async revoke({ accessToken, refreshToken }: SessionTokens): Promise<void> {
    const outcomes = await Promise.allSettled([
      refreshToken === undefined ? undefined : this.tokens.revokeToken(refreshToken, 'refresh_token'),
      accessToken === undefined ? undefined : this.tokens.revokeToken(accessToken, 'access_token'),
    ]);
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') {
        this.logger.warn(`A token of a session that ended could not be revoked: ${String(outcome.reason)}`);
      }
    }
  }
}
