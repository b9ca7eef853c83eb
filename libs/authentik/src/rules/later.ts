/**
 * Whether an answer is still to come. Not by `instanceof Promise`: where somebody has replaced that global, as `zone.js`
 * does, the promise of an `async` function is none, and would be taken for the answer.
 */
export function isLater<T>(value: T | Promise<T>): value is Promise<T> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === 'function';
}
