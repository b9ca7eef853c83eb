import type { Grant, TokenClaims } from '../../issued/records.js';
import type { Exchange } from '../../wire/exchange.js';
import type { TokenResponse } from './grant-request.js';

/**
 * Issues the tokens of a grant and describes them. An ID token comes with every grant, asked for or not.
 * @param withRefreshToken whether a new refresh token goes along
 * @param claims what the access token has besides
 */
export async function tokenResponse(
  exchange: Exchange,
  grant: Grant,
  withRefreshToken: boolean,
  claims?: TokenClaims,
): Promise<TokenResponse> {
  const { tokens } = exchange.world;
  const options = { issuer: exchange.issuer(grant.provider) };
  const [{ accessToken, expiresInSeconds }, idToken] = await Promise.all([
    tokens.accessToken(grant, { ...options, ...(claims && { claims }) }),
    tokens.idToken(grant, options),
  ]);
  return {
    access_token: accessToken,
    token_type: 'Bearer',
    ...(exchange.habits.scopeInTokenResponse && { scope: grant.scopes.join(' ') }),
    expires_in: expiresInSeconds,
    id_token: idToken,
    ...(withRefreshToken && { refresh_token: tokens.refreshToken(grant, options, accessToken) }),
  };
}
