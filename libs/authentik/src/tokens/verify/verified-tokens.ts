import { hash } from 'node:crypto';

import { LRUCache } from 'lru-cache';

import type { AuthentikUser } from '../../protocol/user.js';
import type { ApplicationKeys } from './application-keys.js';

/** What was found out about a token. */
export interface VerifiedToken {
  readonly user: AuthentikUser;
  /** Where its key came from; absent where Authentik itself has judged. */
  readonly key?: { readonly keys: ApplicationKeys; readonly kid: string };
  /** Until when it counts besides its own expiry, in epoch milliseconds. */
  readonly goodUntilMs: number;
}

/**
 * Remembers verified tokens by their SHA-256, so that no live token stays in memory. A token is forgotten when it
 * expires, when its key is no longer published or can no longer be relied on, and when there are too many.
 */
export class VerifiedTokens {
  private readonly entries: LRUCache<string, VerifiedToken> | undefined;

  constructor(
    maxEntries: number,
    private readonly clockToleranceSeconds: number,
  ) {
    if (maxEntries > 0) this.entries = new LRUCache({ max: maxEntries });
  }

  find(accessToken: string): AuthentikUser | undefined {
    if (this.entries === undefined || this.entries.size === 0) return undefined;
    const id = hash('sha256', accessToken, 'base64url');
    const entry = this.entries.get(id);
    if (entry === undefined) return undefined;
    const now = Date.now();
    const { user, key, goodUntilMs } = entry;
    if (
      now < goodUntilMs &&
      now < (user.expiresAt + this.clockToleranceSeconds) * 1000 &&
      (key === undefined || key.keys.publishes(key.kid))
    ) {
      return user;
    }
    this.entries.delete(id);
    return undefined;
  }

  remember(accessToken: string, verified: VerifiedToken): void {
    this.entries?.set(hash('sha256', accessToken, 'base64url'), verified);
  }

  forget(accessToken: string): void {
    this.entries?.delete(hash('sha256', accessToken, 'base64url'));
  }
}
