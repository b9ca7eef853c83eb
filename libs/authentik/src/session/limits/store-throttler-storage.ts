import { setTimeout as wait } from 'node:timers/promises';

import type { ThrottlerStorage } from '@nestjs/throttler';

import type { KeyValueStore } from '../../stores/key-value-store.js';

/** Whoever loses so often to others counts as one of a flood. */
const maxAttempts = 20;

type Count = Awaited<ReturnType<ThrottlerStorage['increment']>>;

/** What is counted of one key: hits, the end of their window, and the end of a block; both in epoch milliseconds. */
interface Counted {
  readonly hits: number;
  readonly endsAtMs: number;
  readonly blockedUntilMs: number;
}

/**
 * Counts for `@nestjs/throttler` where the sessions are, so that all processes count together. A window begins with its
 * first hit. Counts are replaced only as they were read, so that none is lost between processes; within this one they
 * wait for each other.
 */
export class StoreThrottlerStorage implements ThrottlerStorage {
  private readonly turns = new Map<string, Promise<unknown>>();

  constructor(private readonly store: KeyValueStore) {}

  async increment(key: string, ttl: number, limit: number, blockDuration: number, throttler: string): Promise<Count> {
    const name = `limit:${throttler}:${key}`;
    const turn = (this.turns.get(name) ?? Promise.resolve()).then(() => this.count(name, ttl, limit, blockDuration));
    const settled = turn.catch(() => undefined);
    this.turns.set(name, settled);
    void settled.then(() => this.turns.get(name) === settled && this.turns.delete(name));
    return turn;
  }

  private async count(name: string, ttl: number, limit: number, blockDuration: number): Promise<Count> {
    for (let attempt = 0; attempt < maxAttempts; attempt += 1) {
      const raw = await this.store.get(name);
      const now = Date.now();
      const before = raw === undefined ? undefined : fromRaw(raw);
      // A blocked address costs one read and no write.
      if (before !== undefined && before.blockedUntilMs > now) return toCount(before, now);
      const after = hit(before, now, ttl, limit, blockDuration);
      const ttlSeconds = (Math.max(after.endsAtMs, after.blockedUntilMs) - now) / 1000;
      if (await this.store.compareAndSet(name, raw, toRaw(after), ttlSeconds)) return toCount(after, now);
      await wait(Math.random() * 2 ** Math.min(attempt, 4));
    }
    const now = Date.now();
    return toCount({ hits: limit + 1, endsAtMs: now + ttl, blockedUntilMs: now + 1000 }, now);
  }
}

function hit(before: Counted | undefined, now: number, ttl: number, limit: number, blockDuration: number): Counted {
  const goesOn = before !== undefined && before.endsAtMs > now && before.blockedUntilMs === 0;
  const hits = goesOn ? before.hits + 1 : 1;
  return {
    hits,
    endsAtMs: goesOn ? before.endsAtMs : now + ttl,
    blockedUntilMs: hits > limit ? now + blockDuration : 0,
  };
}

function toCount({ hits, endsAtMs, blockedUntilMs }: Counted, now: number): Count {
  const seconds = (untilMs: number) => Math.max(0, Math.ceil((untilMs - now) / 1000));
  return {
    totalHits: hits,
    timeToExpire: seconds(endsAtMs),
    isBlocked: blockedUntilMs > now,
    timeToBlockExpire: seconds(blockedUntilMs),
  };
}

const toRaw = ({ hits, endsAtMs, blockedUntilMs }: Counted) => `${hits} ${endsAtMs} ${blockedUntilMs}`;

function fromRaw(raw: string): Counted {
  const [hits = 0, endsAtMs = 0, blockedUntilMs = 0] = raw.split(' ').map(Number);
  return { hits, endsAtMs, blockedUntilMs };
}
