/**
 * The query of a request, with its question mark; empty where it has none. The rest is not looked at: a request target in
 * absolute form may name an authority that makes it no URL.
 * @param target what stands in the request line
 * @see RFC 9112 §3.2
 */
export function queryOf(target: string): string {
  const [url = ''] = target.split('#', 1);
  const at = url.indexOf('?');
  return at === -1 ? '' : url.slice(at);
}
