import { Injectable } from '@nestjs/common';

import { AuthentikDiscovery } from '../../discovery/authentik-discovery.js';
import { checkForm } from '../token-form.js';
import { grantFailure } from './grant-failure.js';
import { SharedRefreshes } from './shared-refreshes.js';
import { SingleFlight } from './single-flight.js';
import { type AuthentikTokenSet, toTokenSet } from './token-set.js';

/**
 * Exchanges a refresh token. Concurrent calls for one refresh token share one request, with `redis` those of all
 * processes: Authentik has no grace period, and the loser of a race would be signed out.
 * @see RFC 6749 §6
 */
@Injectable()
export class TokenRefresher {
  private readonly calls = new SingleFlight<AuthentikTokenSet>();

  constructor(
    private readonly discovery: AuthentikDiscovery,
    private readonly shared: SharedRefreshes,
  ) {}

  async refresh(refreshToken: string): Promise<AuthentikTokenSet> {
    checkForm('refreshToken', refreshToken);
    return this.calls.run(refreshToken, async () => {
      const configuration = await this.discovery.configuration();
      const { refreshTokenGrant } = await import('openid-client');
      return this.shared.run(refreshToken, async () => {
        try {
          return toTokenSet(await refreshTokenGrant(configuration, refreshToken), refreshToken);
        } catch (error) {
          throw grantFailure('token', error, { usesUp: true });
        }
      });
    });
  }
}
