/** The emulator's own time. Runs with the system's until it is moved. */
export class EmbeddedClock {
  #offsetMs = 0;
  #frozenAtMs: number | undefined;

  /** @returns now, in milliseconds since 1970 */
  nowMs(): number {
    return this.#frozenAtMs ?? Date.now() + this.#offsetMs;
  }

  /** @returns now, in whole seconds since 1970, as in JWTs */
  nowSeconds(): number {
    return Math.floor(this.nowMs() / 1000);
  }

  /** Moves the time on (or back, if negative). What was issued expires accordingly; a frozen clock stays frozen. */
  advanceSeconds(seconds: number): void {
    if (this.#frozenAtMs === undefined) this.#offsetMs += seconds * 1000;
    else this.#frozenAtMs += seconds * 1000;
  }

  /** Stops the time. @param at moment to stop at; default now */
  freeze(at: Date = new Date(this.nowMs())): void {
    this.#frozenAtMs = at.getTime();
  }

  /** Back to the system's time. */
  reset(): void {
    this.#offsetMs = 0;
    this.#frozenAtMs = undefined;
  }
}
