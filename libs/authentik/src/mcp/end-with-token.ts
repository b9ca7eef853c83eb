import type { ServerResponse } from 'node:http';

/** Longest time that a timer takes, in milliseconds. */
const longestTimerMs = 2 ** 31 - 1;

/**
 * Ends an answer when the token of its request ends, for a stream would go on for as long as its client likes. What the
 * handler still does is cancelled, and the client comes back with a new token.
 * @param endsAtMs in epoch milliseconds
 * @param refuse answers a request that nothing was answered to
 */
export function endWithToken(response: ServerResponse, endsAtMs: number, refuse: () => void): void {
  let timer: NodeJS.Timeout | undefined;
  const wait = () => {
    const leftMs = endsAtMs - Date.now();
    if (leftMs > 0) timer = setTimeout(wait, Math.min(leftMs, longestTimerMs)).unref();
    else if (response.headersSent) response.end();
    else {
      refuse();
      // The transport may come with its answer still; it would only learn by an error that it is too late.
      Object.assign(response, { writeHead: () => response, write: () => true, end: () => response });
    }
  };
  response.once('close', () => clearTimeout(timer));
  wait();
}
