import type { ServerResponse } from 'node:http';

import { callLater } from './call-later.js';

/**
 * Ends an answer when the token of its request ends, for a stream would go on for as long as its client likes. What the
 * handler still does is cancelled, and the client comes back with a new token.
 * @param endsAtMs in epoch milliseconds
 * @param refuse answers a request that nothing was answered to
 */
export function endWithToken(response: ServerResponse, endsAtMs: number, refuse: () => void): void {
  const leftMs = () => endsAtMs - Date.now();
  const takeBack = callLater(leftMs, () => {
    if (response.headersSent) {
      response.end();
      return;
    }
    refuse();
    // The transport may come with its answer still; it would only learn by an error that it is too late.
    Object.assign(response, { writeHead: () => response, write: () => true, end: () => response });
  });
  response.once('close', takeBack);
}
