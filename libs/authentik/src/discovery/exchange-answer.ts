/** RFC 8693 §2.1 */
export const tokenExchangeGrantType = 'urn:ietf:params:oauth:grant-type:token-exchange';

/** Whether a request to the token endpoint exchanges a token. */
export const isTokenExchange = (body: unknown): boolean =>
  body instanceof URLSearchParams && body.get('grant_type') === tokenExchangeGrantType;

/**
 * Takes the ID token out of the answer to a token exchange. Authentik adds one to every grant; here it has the issuer and
 * the audience of the upstream, while `openid-client` would hold it against ours and refuse the whole answer. Nobody
 * reads it.
 */
export async function withoutIdToken(response: Response): Promise<Response> {
  if (response.status !== 200) return response;
  const body: unknown = await response.json();
  const { id_token: _idToken, ...rest } = Object(body) as Record<string, unknown>;
  return new Response(JSON.stringify(rest), { status: 200, headers: response.headers });
}
