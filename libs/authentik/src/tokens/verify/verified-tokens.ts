import { hash } from 'node:crypto';

import { LRUCache } from 'lru-cache';

import type { AuthentikUser } from '../../protocol/user.js';
import type { NamedKey } from './application-keys.js';
import type { Revocations } from './revocations.js';

/** What was found out about a token. */
export interface VerifiedToken {
  readonly user: AuthentikUser;
  /** `iat`, in epoch seconds. */
  readonly issuedAt: number | undefined;
  /** Its key; `undefined` where that is the client secret, or where Authentik itself has judged. */
  readonly key: NamedKey | undefined;
  /** Until when it counts besides its own expiry, in epoch milliseconds; 0 is not at all. */
  readonly goodUntilMs: number | undefined;
}

/** Name of a token where it is remembered, its SHA-256: no live token stays in memory. As short as a text can be. */
export const idOf = (accessToken: string): string => hash('sha256', accessToken, 'binary');

/** Of a token that has a signature, the very end tells it from others, without a hash of the whole. */
export const tailOf = (accessToken: string): string => accessToken.slice(-8);

/** A shorter token has no signature, and its end would be too much of it to be kept. */
const leastCharacters = 200;

const placeOf = (accessToken: string, id?: string): string =>
  accessToken.length < leastCharacters ? (id ?? idOf(accessToken)) : tailOf(accessToken);

interface Entry extends Omit<VerifiedToken, 'goodUntilMs'> {
  readonly id: string;
  /** Until when it counts by the clock, in epoch milliseconds. */
  readonly endsAtMs: number;
  /** The revision of the revocations that have not hit it. */
  revision: number;
}

/**
 * Remembers verified tokens. One is forgotten when it expires, when it is revoked, when its key is no longer published
 * or can no longer be relied on, and when there are too many. docs/decisions/0003 says what it costs.
 */
export class VerifiedTokens {
  /** Where to look for a token; only its id tells whether it is the one. */
  private readonly entries: LRUCache<string, Entry> | undefined;

  constructor(
    maxEntries: number,
    private readonly clockToleranceSeconds: number,
    private readonly revocations: Revocations,
  ) {
    if (maxEntries > 0) this.entries = new LRUCache({ max: maxEntries });
  }

  find(accessToken: string): AuthentikUser | undefined {
    if (this.entries === undefined || this.entries.size === 0) return undefined;
    const place = placeOf(accessToken);
    const entry = this.entries.get(place);
    if (entry === undefined || entry.id !== idOf(accessToken)) return undefined;
    const now = Date.now();
    if (now < entry.endsAtMs && this.isUnrevoked(accessToken, entry) && entry.key?.isPublished(now) !== false) {
      return entry.user;
    }
    this.entries.delete(place);
    return undefined;
  }

  /** Asked of the list once a revocation, for it would have to hash the token again. */
  private isUnrevoked(accessToken: string, entry: Entry): boolean {
    const { revision } = this.revocations;
    if (entry.revision === revision) return true;
    if (this.revocations.hit(accessToken, entry.user, entry.issuedAt)) return false;
    entry.revision = revision;
    return true;
  }

  /** @param verified no revocation that is known now hits it */
  remember(accessToken: string, verified: VerifiedToken): void {
    const { user, issuedAt, key, goodUntilMs = Infinity } = verified;
    if (this.entries === undefined || goodUntilMs <= Date.now()) return;
    const id = idOf(accessToken);
    const endsAtMs = Math.min(goodUntilMs, (user.expiresAt + this.clockToleranceSeconds) * 1000);
    const { revision } = this.revocations;
    this.entries.set(placeOf(accessToken, id), { id, user, issuedAt, key, endsAtMs, revision });
  }
}
