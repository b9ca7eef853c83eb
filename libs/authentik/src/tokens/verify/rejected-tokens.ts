import { LRUCache } from 'lru-cache';

import type { TokenRefusal, TokenVerificationError } from '../../errors/index.js';
import { idOf } from './verified-tokens.js';

const maxEntries = 1_000;
const ttlMs = 10_000;
const costly: ReadonlySet<TokenRefusal> = new Set(['signature', 'inactive', 'claims', 'revoked']);

/**
 * Remembers for a moment what it cost something to refuse: a bad signature, a token that Authentik called inactive, of which
 * it tells too little, or that was revoked with its session or user, which nothing undoes. In a place of its own, so that a
 * flood of bad tokens drives no good one out.
 */
export class RejectedTokens {
  private readonly entries = new LRUCache<string, TokenVerificationError>({
    max: maxEntries,
    ttl: ttlMs,
    ttlAutopurge: false,
  });

  find(accessToken: string): TokenVerificationError | undefined {
    return this.entries.size === 0 ? undefined : this.entries.get(idOf(accessToken));
  }

  remember(accessToken: string, error: TokenVerificationError): void {
    if (costly.has(error.reason)) this.entries.set(idOf(accessToken), error);
  }
}
