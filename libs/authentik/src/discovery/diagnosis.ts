import type { ServerMetadata } from 'openid-client';

import type { AuthentikApplication, ResolvedAuthentikOptions } from '../options/index.js';

// Mistakes that only Authentik can tell. Each names the field to change, there or here.

/** No application under the slug, or no Authentik; follows the address. */
export const noApplication = ({ applicationSlug }: AuthentikApplication): string =>
  `nothing is there (404). There is no application with the slug "${applicationSlug}" that has an OAuth2 provider: compare ` +
  '"applicationSlug" with the field "Slug" of the application, and see that a provider is chosen in it. Or there is no ' +
  'Authentik at that address: compare "url" (AUTHENTIK_URL) with what a browser opens.';

/** The metadata names another issuer. Tokens would carry that one, so all of them would be refused. */
export function otherIssuer(
  found: string,
  { issuer, baseUrl }: AuthentikApplication,
  { url, internalUrl, issuerMode }: ResolvedAuthentikOptions,
): string {
  const difference = `The issuer is "${found}", expected was "${issuer}".`;
  const global = `${url}/`;
  if (found === global || (issuerMode === 'global' && found === baseUrl)) {
    const mode = found === global ? 'global' : 'per_provider';
    return `${difference} Set issuerMode: '${mode}', or change the field "Issuer mode" of the provider.`;
  }
  if (URL.canParse(found) && new URL(found).host === new URL(issuer).host) {
    return (
      `${difference} Let the proxy before Authentik send X-Forwarded-Proto, and Authentik trust that proxy ` +
      '(AUTHENTIK_LISTEN__TRUSTED_PROXY_CIDRS), or correct "url".'
    );
  }
  const internal =
    internalUrl === undefined
      ? 'If this process reaches Authentik by another address than browsers do, write that one as "internalUrl".'
      : 'What is at "internalUrl" has to pass on the Host header and X-Forwarded-Proto.';
  return `${difference} Authentik takes the host name from the request: write the one that browsers use as "url". ${internal}`;
}

/** An endpoint on a foreign origin: somebody else wrote the document. `undefined` when all is well. */
export function foreignEndpoint(metadata: ServerMetadata, { issuer }: AuthentikApplication): string | undefined {
  const { origin } = new URL(issuer);
  const foreign = Object.entries(metadata).find(
    ([name, value]) =>
      typeof value === 'string' &&
      /(?:_endpoint|_uri)$/u.test(name) &&
      (!URL.canParse(value) || new URL(value).origin !== origin),
  );
  return (
    foreign &&
    `Its metadata names a ${foreign[0]} outside of ${origin}. Compare the address that Authentik is called by with "url".`
  );
}

/** What does not stop us now and will surprise somebody later; a line each. */
export function surprises(
  metadata: ServerMetadata,
  { applicationSlug }: AuthentikApplication,
  { scopes, tokens: { validation } }: ResolvedAuthentikOptions,
): string[] {
  const lines: string[] = [];
  const provider = `the provider of "${applicationSlug}"`;
  // Where keys are read, their absence is told there.
  if (validation === 'introspect' && metadata.id_token_signing_alg_values_supported?.includes('HS256') === true)
    lines.push(noSigningKey(applicationSlug));
  const offered = metadata.scopes_supported;
  const missing = offered === undefined ? [] : scopes.filter((scope) => !offered.includes(scope));
  if (missing.length > 0) {
    lines.push(
      `Authentik does not grant ${missing.join(' ')} for ${provider}. Move the mapping of each to "Selected Scopes" ` +
        'under "Advanced protocol settings" of the provider, or take it out of "scopes".',
    );
  }
  return lines;
}

/** Tokens signed with the client secret, which no published key verifies. */
export const noSigningKey = (applicationSlug: string): string =>
  `The provider of "${applicationSlug}" has no "Signing Key", so its tokens are signed with HS256 and cannot be verified. ` +
  'Choose a certificate in the field "Signing Key" of the provider.';

/** Clocks that differ. `undefined` while the difference is tolerated, or nothing is known. */
export function clockDifference(
  date: string | null,
  now: number,
  { clockToleranceSeconds }: ResolvedAuthentikOptions['tokens'],
): string | undefined {
  const theirs = Date.parse(date ?? '');
  if (Number.isNaN(theirs)) return undefined;
  const seconds = Math.round((now - theirs) / 1000);
  // The header has whole seconds, and the answer was on its way for a while.
  if (Math.abs(seconds) <= Math.max(clockToleranceSeconds, 5)) return undefined;
  return (
    `The clock of this machine is ${Math.abs(seconds)} seconds ${seconds > 0 ? 'ahead of' : 'behind'} Authentik's, so sound ` +
    'tokens are refused as expired or not yet valid. Set both by NTP.'
  );
}
