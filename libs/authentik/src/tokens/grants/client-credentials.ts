import { Inject, Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';

import { AUTHENTIK_OPTIONS } from '../../authentik.constants.js';
import { AuthentikDiscovery } from '../../discovery/authentik-discovery.js';
import { AuthentikConfigError } from '../../errors/index.js';
import type { ResolvedAuthentikOptions } from '../../options/index.js';
import { grantFailure } from './grant-failure.js';
import { SingleFlight } from './single-flight.js';
import { type AuthentikTokenSet, toTokenSet } from './token-set.js';

/** A token that is handed out lives at least this long, or a tenth of its whole life if that is less. */
const leastLifeSeconds = 30;

/**
 * Tokens for this app itself, as a service account. Kept until shortly before they expire, one request at a time.
 * @see RFC 6749 §4.4
 */
@Injectable()
export class ClientCredentials {
  private readonly calls = new SingleFlight<AuthentikTokenSet>();
  private readonly kept = new LRUCache<string, { tokens: AuthentikTokenSet; readAtMs: number }>({ max: 100 });

  constructor(
    private readonly discovery: AuthentikDiscovery,
    @Inject(AUTHENTIK_OPTIONS) private readonly options: ResolvedAuthentikOptions,
  ) {}

  async tokens(scopes: readonly string[]): Promise<AuthentikTokenSet> {
    if (this.options.clientSecret === undefined) {
      throw new AuthentikConfigError([
        {
          option: 'clientSecret',
          problem: 'is missing: client_credentials are for confidential providers.',
          remedy: 'Copy "Client Secret" from the provider and allow it the grant type "Client Credentials".',
        },
      ]);
    }
    const scope = scopes.toSorted((a, b) => (a < b ? -1 : 1)).join(' ');
    const kept = this.kept.get(scope);
    if (kept !== undefined) {
      const ageSeconds = (performance.now() - kept.readAtMs) / 1000;
      const { expiresInSeconds } = kept.tokens;
      if (expiresInSeconds - ageSeconds > Math.min(leastLifeSeconds, expiresInSeconds / 10)) {
        return { ...kept.tokens, expiresInSeconds: Math.floor(expiresInSeconds - ageSeconds) };
      }
    }
    return this.calls.run(scope, async () => {
      const configuration = await this.discovery.configuration();
      const { clientCredentialsGrant } = await import('openid-client');
      try {
        const tokens = toTokenSet(await clientCredentialsGrant(configuration, scope === '' ? {} : { scope }));
        this.kept.set(scope, { tokens, readAtMs: performance.now() });
        return tokens;
      } catch (error) {
        throw grantFailure('token', error);
      }
    });
  }
}
