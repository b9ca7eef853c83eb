function parse(value: unknown): URL | undefined {
  return typeof value === 'string' && URL.canParse(value) ? new URL(value) : undefined;
}

function isPlainWebUrl(url: URL | undefined): url is URL {
  return (
    url !== undefined &&
    (url.protocol === 'https:' || url.protocol === 'http:') &&
    url.username === '' &&
    url.password === '' &&
    url.search === '' &&
    url.hash === ''
  );
}

/** Whether this can be the base address of an Authentik: http(s), maybe with a path, nothing else. */
export function isAuthentikUrl(value: unknown): value is string {
  const url = parse(value);
  return isPlainWebUrl(url) && !url.pathname.includes('/application/o/');
}

/** Whether this is an origin: http(s), no path but `/`. */
export function isOrigin(value: unknown): value is string {
  const url = parse(value);
  return isPlainWebUrl(url) && url.pathname === '/';
}

/** Whether this is the address of a Redis: `redis://` or `rediss://`, a host, at most the number of a database. */
export function isRedisUrl(value: unknown): value is string {
  const url = parse(value);
  return (
    url !== undefined &&
    (url.protocol === 'redis:' || url.protocol === 'rediss:') &&
    url.hostname !== '' &&
    /^(?:\/\d{0,5})?$/u.test(url.pathname) &&
    url.search === '' &&
    url.hash === ''
  );
}

/** Whether a URL names this machine itself, where plain http is no risk. @see RFC 8252 §7.3 */
export function isLoopback(value: string): boolean {
  const { hostname } = new URL(value);
  return hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d{1,3}){3}$/u.test(hostname);
}

/** Lower-case scheme and host, no slash at the end. @see RFC 9728 §2 */
export function withoutFinalSlash(value: string): string {
  return new URL(value).href.replace(/\/+$/u, '');
}
