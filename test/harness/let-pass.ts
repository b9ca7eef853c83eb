import { afterEach, vi } from 'vitest';

const sinceStart = performance.now.bind(performance);
const now = Date.now.bind(Date);
let passedMs = 0;
let passedOnClockMs = 0;
let spies: { mockRestore(): void }[] = [];

/**
 * Lets time pass for whoever looks at a clock, without waiting. Goes on from where `performance` stands, which
 * `vi.useFakeTimers` does not: it begins at 0, and what was measured before lies in the future.
 * @param clock `stands` for whoever compares it with that of an Authentik in this process, whose answers tell the real time
 */
export function letPass(ms: number, { clock = 'goes' }: { clock?: 'goes' | 'stands' } = {}): void {
  if (spies.length === 0) {
    spies = [
      vi.spyOn(performance, 'now').mockImplementation(() => sinceStart() + passedMs),
      vi.spyOn(Date, 'now').mockImplementation(() => now() + passedOnClockMs),
    ];
  }
  passedMs += ms;
  if (clock === 'goes') passedOnClockMs += ms;
}

/** The clock as it is. After each test by itself. */
export function endOfWaiting(): void {
  for (const spy of spies) spy.mockRestore();
  spies = [];
  passedMs = 0;
  passedOnClockMs = 0;
}

afterEach(endOfWaiting);
