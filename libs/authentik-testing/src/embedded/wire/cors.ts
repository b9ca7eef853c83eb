import type { Provider } from '../directory/entries.js';
import type { Exchange } from './exchange.js';

/**
 * Opens an answer to scripts of other origins: a preflight to any, everything else to the origins of the provider's
 * redirect URIs. An expression counts only where it happens to read as a URL of that origin.
 */
export function applyCors(exchange: Exchange, provider: Provider | undefined): void {
  const origin = exchange.header('origin');
  const preflight = exchange.request.method === 'OPTIONS';
  if (origin === undefined || (!preflight && !isOriginOf(provider, origin))) return;
  const { response } = exchange;
  response.setHeader('Vary', ['Origin', response.getHeader('Vary')].join(', '));
  response.setHeader('Access-Control-Allow-Origin', origin);
  response.setHeader('Access-Control-Allow-Credentials', 'true');
  if (!preflight) return;
  response.setHeader('Access-Control-Allow-Methods', 'GET, POST, OPTIONS');
  const asked = exchange.header('access-control-request-headers');
  if (asked !== undefined) response.setHeader('Access-Control-Allow-Headers', asked);
}

function isOriginOf(provider: Provider | undefined, origin: string): boolean {
  const wanted = schemeHostPort(origin);
  return (
    wanted !== undefined && (provider?.redirectUris.some((entry) => schemeHostPort(entry.url) === wanted) ?? false)
  );
}

/** Read as plain text, as Python's `urlparse` does: no default ports, no percent-decoding; the host without regard to case. */
function schemeHostPort(uri: string): string | undefined {
  const match = /^([A-Za-z][A-Za-z0-9+.-]*):\/\/([^/?#]*)/.exec(uri);
  return match?.[1] && match[2] ? `${match[1].toLowerCase()}://${match[2].toLowerCase()}` : undefined;
}
