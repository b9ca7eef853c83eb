import type { ServerResponse } from 'node:http';

import { callLater } from './call-later.js';

const againMs = 1000;

/**
 * Ends a stream when the token of its request ends, for it would go on for as long as its client likes; the client
 * comes back with a new token. A call that gets a single answer is left to finish: clients send what was answered with
 * 401 once more, and a tool would do its work twice.
 * @param endsAtMs in epoch milliseconds
 */
export function endStreamWithToken(response: ServerResponse, endsAtMs: number): void {
  let closed = false;
  let takeBack: (() => void) | undefined;
  const endAt = (atMs: number) => {
    takeBack = callLater(
      // Up to a second late: timers of one length cost Node next to nothing, and each request has one.
      () => Math.ceil((atMs - Date.now()) / againMs) * againMs,
      () => {
        if (response.headersSent) response.end();
        // No stream yet, but a handler that tells of its progress makes one of it.
        else if (!closed) setImmediate(endAt, Date.now() + againMs);
      },
    );
  };
  response.once('close', () => {
    closed = true;
    takeBack?.();
  });
  endAt(endsAtMs);
}
