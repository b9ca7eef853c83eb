import type { IncomingMessage } from 'node:http';

import { CrossSiteRequestError } from '../errors/index.js';
import { crossSiteProblem } from '../protocol/same-origin.js';

/**
 * Lets a request pass that changes nothing, or that a page of ours sent.
 * @param request the HTTP request as the adapter gives it
 * @throws {CrossSiteRequestError} another site may have made a browser send it
 */
export function checkSameOrigin(request: object, publicUrl: string): void {
  const { method = '', headers } = request as IncomingMessage;
  const fetchSite = headers['sec-fetch-site'];
  const problem = crossSiteProblem({ method, fetchSite: fetchSite?.toString(), origin: headers.origin }, publicUrl);
  if (problem === undefined) return;
  throw new CrossSiteRequestError(
    `A request that changes something came by cookie, and ${problem}. Send it from a page of ${publicUrl}; programs ` +
      'use an access token.',
  );
}
