import { LRUCache } from 'lru-cache';

import type { KeyValueStore } from './key-value-store.js';

/** So many values, the least recently used of them go first: whoever can make us write cannot fill the memory. */
const defaultMaxEntries = 100_000;

interface Entry {
  readonly value: string;
  readonly expiresAtMs: number;
}

/** An index with one member, as most of them are: a map for it would be larger than what is in it. */
interface Single {
  readonly member: string;
  readonly expiresAtSeconds: number;
}

/** So many indexes are looked at for members that are over whenever one is written. */
const sweptAtOnce = 2;

/**
 * A store for a single process: what it holds ends with it. Values that are over are dropped when they are looked at or
 * make room for others; indexes when they are looked at, or others are written.
 */
export class MemoryStore implements KeyValueStore {
  readonly isReachable = true;
  readonly unreachableForMs = 0;
  readonly isShared = false;
  private readonly entries: LRUCache<string, Entry>;
  private readonly indexes = new Map<string, Map<string, number> | Single>();
  private readonly listeners = new Map<string, Set<(message: string) => void>>();

  /** @param maxEntries how many values are kept */
  constructor(maxEntries: number = defaultMaxEntries) {
    this.entries = new LRUCache({ max: maxEntries });
  }

  async get(key: string): Promise<string | undefined> {
    return this.find(key);
  }

  async set(key: string, value: string, ttlSeconds: number): Promise<void> {
    this.put(key, value, ttlSeconds);
  }

  async compareAndSet(key: string, expected: string | undefined, value: string, ttlSeconds: number): Promise<boolean> {
    if (this.find(key) !== expected) return false;
    this.put(key, value, ttlSeconds);
    return true;
  }

  async take(key: string): Promise<string | undefined> {
    const value = this.find(key);
    this.entries.delete(key);
    return value;
  }

  async delete(key: string): Promise<void> {
    this.entries.delete(key);
  }

  async addToIndex(key: string, member: string, expiresAtSeconds: number): Promise<void> {
    const index = this.liveIndex(key);
    index.set(member, Math.max(expiresAtSeconds, index.get(member) ?? -Infinity));
    this.keepIndex(key, index);
    this.sweepIndexes();
  }

  async removeFromIndex(key: string, member: string): Promise<void> {
    const index = this.liveIndex(key);
    index.delete(member);
    this.keepIndex(key, index);
  }

  async readIndex(key: string): Promise<ReadonlyMap<string, number>> {
    return new Map(this.liveIndex(key));
  }

  async publish(channel: string, message: string): Promise<void> {
    for (const listener of this.listeners.get(channel) ?? []) queueMicrotask(() => listener(message));
  }

  async subscribe(channel: string, onMessage: (message: string) => void): Promise<() => Promise<void>> {
    // One function may listen twice, and each of them ends by itself.
    const listener = (message: string) => {
      if (this.listeners.get(channel)?.has(listener) === true) onMessage(message);
    };
    const listeners = this.listeners.get(channel) ?? new Set();
    this.listeners.set(channel, listeners.add(listener));
    return async () => {
      listeners.delete(listener);
      if (listeners.size === 0) this.listeners.delete(channel);
    };
  }

  async close(): Promise<void> {
    this.entries.clear();
    this.indexes.clear();
    this.listeners.clear();
  }

  private find(key: string): string | undefined {
    const entry = this.entries.get(key);
    if (entry === undefined || Date.now() < entry.expiresAtMs) return entry?.value;
    this.entries.delete(key);
    return undefined;
  }

  private put(key: string, value: string, ttlSeconds: number): void {
    if (ttlSeconds > 0) this.entries.set(key, { value, expiresAtMs: Date.now() + ttlSeconds * 1000 });
    else this.entries.delete(key);
  }

  private liveIndex(key: string): Map<string, number> {
    const kept = this.indexes.get(key);
    const index =
      kept instanceof Map ? kept : new Map(kept === undefined ? [] : [[kept.member, kept.expiresAtSeconds]]);
    const nowSeconds = Date.now() / 1000;
    for (const [member, expiresAtSeconds] of index) if (expiresAtSeconds <= nowSeconds) index.delete(member);
    if (index.size === 0) this.indexes.delete(key);
    return index;
  }

  private keepIndex(key: string, index: Map<string, number>): void {
    const [only] = index;
    if (only === undefined) this.indexes.delete(key);
    else if (index.size > 1) this.indexes.set(key, index);
    else this.indexes.set(key, { member: only[0], expiresAtSeconds: only[1] });
  }

  /** In turn, so that nobody has to look at all of them at once; what lives on goes to the end of the queue. */
  private sweepIndexes(): void {
    const keys = this.indexes.keys();
    for (let count = 0; count < sweptAtOnce; count += 1) {
      const { value: key } = keys.next();
      if (key === undefined) return;
      const index = this.liveIndex(key);
      this.indexes.delete(key);
      this.keepIndex(key, index);
    }
  }
}
