import { createHash } from 'node:crypto';
import { hasForbiddenScheme, matchesRedirectUri } from '../../directory/redirect-uris.js';
import type { AuthorizationCode } from '../../issued/records.js';
import { AuthentikCrash, OAuthRefusal } from '../../wire/oauth-errors.js';
import type { GrantRequest, TokenResponse } from './grant-request.js';
import { tokenResponse } from './token-response.js';

/**
 * Redeems a code. The redirect URI is held against the provider's list, not against the authorization request, and a
 * failed try leaves the code usable: both as Authentik does.
 */
export async function authorizationCodeGrant({ exchange, provider }: GrantRequest): Promise<TokenResponse> {
  const { form, habits, world } = exchange;
  const code = form.get('code') ?? '';
  if (code === '') throw new OAuthRefusal('invalid_grant');
  const redirectUri = form.get('redirect_uri') ?? '';
  if (!matchesRedirectUri(redirectUri, provider.redirectUris, habits)) throw new OAuthRefusal('invalid_client');
  if (hasForbiddenScheme(redirectUri)) throw new OAuthRefusal('invalid_request');
  const issued = world.issued.codes.get(code);
  if (issued?.grant.provider !== provider || !provesPossession(issued, form.get('code_verifier') ?? '')) {
    throw new OAuthRefusal('invalid_grant');
  }
  // Deleted before anything is awaited, so that of two redemptions at once one fails.
  world.issued.codes.delete(code);
  return tokenResponse(exchange, issued.grant, issued.grant.scopes.includes('offline_access'));
}

/** PKCE is the client's choice; but a challenge needs its verifier, and a verifier its challenge. */
function provesPossession({ codeChallenge, codeChallengeMethod }: AuthorizationCode, verifier: string): boolean {
  if (codeChallenge === undefined) return verifier === '';
  if (verifier === '') return false;
  if (codeChallengeMethod === 'S256' && /[^\p{ASCII}]/u.test(verifier))
    throw new AuthentikCrash('A verifier outside of ASCII.');
  return (
    codeChallenge ===
    (codeChallengeMethod === 'S256' ? createHash('sha256').update(verifier).digest('base64url') : verifier)
  );
}
