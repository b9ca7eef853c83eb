/** What of a request tells where it comes from. */
export interface RequestOrigin {
  readonly method: string;
  /** `Sec-Fetch-Site`; a browser sends it itself, to https and loopback, and no page can set it. */
  readonly fetchSite: string | undefined;
  /** `Origin`. */
  readonly origin: string | undefined;
}

const safeMethods = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Whether a request changes nothing, or comes from a page of ours. `Sec-Fetch-Site` is judged first, for Chromium
 * posts `Origin: null` from a page with `Referrer-Policy: no-referrer`, which is the default of helmet. One that names
 * neither is no browser of today; its cookie proves nothing.
 * @param publicUrl our origin, compared whole: scheme, host and port
 * @returns what is wrong with it; `undefined` if nothing is
 * @see W3C Fetch Metadata Request Headers §2, RFC 6454 §7
 */
export function crossSiteProblem(request: RequestOrigin, publicUrl: string): string | undefined {
  const { method, fetchSite, origin } = request;
  if (safeMethods.has(method)) return undefined;
  if (fetchSite !== undefined) {
    return fetchSite === 'same-origin' ? undefined : 'its Sec-Fetch-Site is not "same-origin"';
  }
  if (origin === undefined) return 'it has neither Sec-Fetch-Site nor Origin';
  return origin === publicUrl ? undefined : 'its Origin is not that of publicUrl';
}
