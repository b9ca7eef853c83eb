import type { EmbeddedClock } from '../clock.js';

/** Something with an end, in milliseconds since 1970. */
export interface Expiring {
  readonly expiresAtMs: number;
}

/** How many entries come in between two sweeps. */
const SWEEP_EVERY = 256;

/**
 * Keeps entries until they expire. Expired ones are never given out, and are swept now and then while others come in:
 * no timer runs that would have to be stopped.
 */
export class ExpiringMap<Entry extends Expiring> {
  readonly #entries = new Map<string, Entry>();
  #sinceSweep = 0;

  constructor(private readonly clock: EmbeddedClock) {}

  get size(): number {
    return this.#entries.size;
  }

  set(key: string, entry: Entry): void {
    this.#entries.set(key, entry);
    this.#sinceSweep += 1;
    if (this.#sinceSweep >= SWEEP_EVERY) this.#sweep();
  }

  get(key: string): Entry | undefined {
    const entry = this.#entries.get(key);
    return entry !== undefined && entry.expiresAtMs > this.clock.nowMs() ? entry : undefined;
  }

  delete(key: string): boolean {
    return this.#entries.delete(key);
  }

  /** Those that have not expired. */
  *values(): Generator<Entry> {
    const now = this.clock.nowMs();
    for (const entry of this.#entries.values()) if (entry.expiresAtMs > now) yield entry;
  }

  /** Deletes what the condition holds for. */
  deleteWhere(condition: (entry: Entry) => boolean): void {
    for (const [key, entry] of this.#entries) if (condition(entry)) this.#entries.delete(key);
  }

  #sweep(): void {
    this.#sinceSweep = 0;
    const now = this.clock.nowMs();
    this.deleteWhere((entry) => entry.expiresAtMs <= now);
  }
}
