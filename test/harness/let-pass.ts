import { afterEach, vi } from 'vitest';

const now = performance.now.bind(performance);
let passedMs = 0;
let spy: { mockRestore(): void } | undefined;

/**
 * Lets time pass for whoever measures durations, without waiting. Goes on from where the clock stands, which
 * `vi.useFakeTimers` does not: it begins at 0, and what was measured before lies in the future.
 */
export function letPass(ms: number): void {
  spy ??= vi.spyOn(performance, 'now').mockImplementation(() => now() + passedMs);
  passedMs += ms;
}

/** The clock as it is. After each test by itself. */
export function endOfWaiting(): void {
  spy?.mockRestore();
  spy = undefined;
  passedMs = 0;
}

afterEach(endOfWaiting);
