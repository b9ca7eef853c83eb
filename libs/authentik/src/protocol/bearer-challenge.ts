/** Error codes of a bearer challenge. @see RFC 6750 §3.1 */
export type BearerErrorCode = 'invalid_request' | 'invalid_token' | 'insufficient_scope';

/** What a `WWW-Authenticate: Bearer` header says. */
export interface BearerChallenge {
  readonly error?: BearerErrorCode;
  /** Scopes that the request needs. An empty list is left out: `scope=""` makes clients ask for a scope called `""`. */
  readonly scopes?: readonly string[];
  /** URL of the protected-resource metadata. @see RFC 9728 §5.1 */
  readonly resourceMetadata?: string;
  readonly errorDescription?: string;
}

// Illegal in quoted parameters of RFC 6750 §3. Stripped, not escaped: the parsers of real MCP clients cut a value
// off at an escaped quote.
const illegalInDescription = /[^\x20-\x21\x23-\x5b\x5d-\x7e]/gu;
const illegalInScope = /[^\x21\x23-\x5b\x5d-\x7e]/gu;

/**
 * Builds the value of `WWW-Authenticate`. Clients look for `name=` anywhere in the header and take the first hit, so
 * free text comes last. The same cause gives the same text: SDK 1.x detects loops by comparing whole headers.
 * @see RFC 6750 §3, RFC 9728 §5.1
 */
export function toBearerChallenge(challenge: BearerChallenge): string {
  const scope = (challenge.scopes ?? [])
    .map((word) => word.replace(illegalInScope, ''))
    .filter((word) => word !== '')
    .join(' ');
  const parameters = [
    ['error', challenge.error],
    ['scope', scope],
    ['resource_metadata', challenge.resourceMetadata],
    ['error_description', challenge.errorDescription?.replace(illegalInDescription, '')],
  ].flatMap(([name, value]) => (value === undefined || value === '' ? [] : [`${name}="${value}"`]));
  return parameters.length === 0 ? 'Bearer' : `Bearer ${parameters.join(', ')}`;
}
