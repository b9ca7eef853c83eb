import type { IncomingMessage } from 'node:http';

/** Where people sign in, for guards that meet somebody who has not. */
export interface LoginDoor {
  /** @returns where to send this request's browser; `undefined` where it is no browser that goes to a page */
  locationFor(request: object): string | undefined;
}

/**
 * Whether a browser goes to a page with this request, so that it can be sent elsewhere. A script that asks for data
 * can't; it is told 401.
 * @see https://www.w3.org/TR/fetch-metadata/
 */
export function isNavigation({ method, headers }: IncomingMessage): boolean {
  if (method !== 'GET' && method !== 'HEAD') return false;
  const mode = headers['sec-fetch-mode'];
  // Browsers of before 2023, and pages over plain http, do not say what they do.
  if (mode !== undefined && mode !== 'navigate') return false;
  return headers.accept?.includes('text/html') === true && headers.authorization === undefined;
}
