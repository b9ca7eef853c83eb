import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { callLater } from './call-later.js';

const days = 24 * 3600 * 1000;

describe('callLater()', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it.each([1, 1000, 24 * days, 25 * days, 400 * days])('calls back once after %d ms, and not before', (afterMs) => {
    const call = vi.fn();
    const endsAtMs = Date.now() + afterMs;
    callLater(() => endsAtMs - Date.now(), call);
    vi.advanceTimersByTime(afterMs - 1);
    expect(call).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(call).toHaveBeenCalledOnce();
    expect(vi.getTimerCount()).toBe(0);
  });

  it.each([0, -1, Number.NaN])('calls back at once when %d ms are left', (leftMs) => {
    const call = vi.fn();
    callLater(() => leftMs, call);
    expect(call).toHaveBeenCalledOnce();
  });

  it.each([1000, 400 * days])('does not call back what was taken back, of %d ms', (afterMs) => {
    const call = vi.fn();
    const endsAtMs = Date.now() + afterMs;
    const takeBack = callLater(() => endsAtMs - Date.now(), call);
    vi.advanceTimersByTime(afterMs / 2);
    takeBack();
    vi.advanceTimersByTime(afterMs);
    expect(call).not.toHaveBeenCalled();
  });
});
