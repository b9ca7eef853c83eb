import { hash } from 'node:crypto';

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

  find(accessToken: string): TokenVerificationError | undefined {
    return this.entries.size === 0 ? undefined : this.entries.get(hash('sha256', accessToken, 'base64url'));
  }

  remember(accessToken: string, error: TokenVerificationError): void {
    if (error.reason !== 'signature' && error.reason !== 'inactive') return;
    this.entries.set(hash('sha256', accessToken, 'base64url'), error);
  }
}
