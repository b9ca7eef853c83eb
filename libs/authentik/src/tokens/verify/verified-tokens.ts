import { LRUCache } from 'lru-cache';

import type { AuthentikUser } from '../../protocol/user.js';
import type { ApplicationKeys } from './application-keys.js';
import { hashOf } from './revocation-list.js';
import type { Revocations } from './revocations.js';

/** What was found out about a token. */
export interface VerifiedToken {
  readonly user: AuthentikUser;
  /** `iat`, in epoch seconds. */
  readonly issuedAt: number | undefined;
  /** Where its key came from; absent where Authentik itself has judged. */
  readonly key?: { readonly keys: ApplicationKeys; readonly kid: string };
  /** Until when it counts besides its own expiry, in epoch milliseconds. */
  readonly goodUntilMs: number;
}

/**
 * Remembers verified tokens by their SHA-256, so that no live token stays in memory. A token is forgotten when it
 * expires, when it is revoked, when its key is no longer published or can no longer be relied on, and when there are too
 * many.
 */
export class VerifiedTokens {
  private readonly entries: LRUCache<string, VerifiedToken> | undefined;

  constructor(
    maxEntries: number,
    private readonly clockToleranceSeconds: number,
    private readonly revocations: Revocations,
  ) {
    if (maxEntries > 0) this.entries = new LRUCache({ max: maxEntries });
  }

  /** @param id its {@link hashOf}, where that is known already */
  find(accessToken: string, id?: string): AuthentikUser | undefined {
    if (this.entries === undefined || this.entries.size === 0) return undefined;
    id ??= hashOf(accessToken);
    const entry = this.entries.get(id);
    if (entry === undefined) return undefined;
    const now = Date.now();
    const { user, issuedAt, key, goodUntilMs } = entry;
    if (
      now < goodUntilMs &&
      now < (user.expiresAt + this.clockToleranceSeconds) * 1000 &&
      !this.revocations.hasToken(accessToken) &&
      !this.revocations.covers(user, issuedAt) &&
      (key === undefined || key.keys.publishes(key.kid))
    ) {
      return user;
    }
    this.entries.delete(id);
    return undefined;
  }

  /** @param id {@link hashOf} the token */
  remember(id: string, verified: VerifiedToken): void {
    this.entries?.set(id, verified);
  }
}
