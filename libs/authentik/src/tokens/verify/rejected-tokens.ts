import { LRUCache } from 'lru-cache';

import type { TokenVerificationError } from '../../errors/index.js';

const maxEntries = 1_000;
const ttlMs = 10_000;

/**
 * Remembers for a moment what it cost something to refuse: a bad signature, a token that Authentik called inactive. In
 * a place of its own, so that a flood of bad tokens drives no good one out.
 */
export class RejectedTokens {
  private readonly entries = new LRUCache<string, TokenVerificationError>({
    max: maxEntries,
    ttl: ttlMs,
    ttlAutopurge: false,
  });

  /** @param id SHA-256 of the token, as for the verified ones */
  find(id: string): TokenVerificationError | undefined {
    return this.entries.size === 0 ? undefined : this.entries.get(id);
  }

  remember(id: string, error: TokenVerificationError): void {
    if (error.reason !== 'signature' && error.reason !== 'inactive') return;
    this.entries.set(id, error);
  }
}
