/** Longest time that a timer of Node waits, in milliseconds; a longer one would fire at once. */
const longestTimerMs = 2 ** 31 - 1;

/**
 * Calls back when nothing is left of some time, however long that is. Does not keep the process alive.
 * @param leftMs asked again whenever a timer fires, for clocks may be set and times may move; in milliseconds
 * @returns takes the call back
 */
export function callLater(leftMs: () => number, call: () => void): () => void {
  let timer: NodeJS.Timeout | undefined;
  const wait = () => {
    const left = leftMs();
    // NaN is a time that nobody knows, and none is left of it.
    if (left > 0) timer = setTimeout(wait, Math.min(left, longestTimerMs)).unref();
    else call();
  };
  wait();
  return () => clearTimeout(timer);
}
