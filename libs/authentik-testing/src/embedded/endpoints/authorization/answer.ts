import type { Grant } from '../../issued/records.js';
import { formPostPage } from '../../pages/consent.page.js';
import { errorPage } from '../../pages/error.page.js';
import { iriToUri, quote, urlencode } from '../../wire/encoding.js';
import type { Exchange } from '../../wire/exchange.js';
import { AuthorizationPageError, AuthorizationRedirectError, type AuthorizationParameters } from './parameters.js';

/** Schemes that an error may be redirected to; a success may go anywhere. */
const ERROR_REDIRECT_SCHEMES = new Set(['http', 'https', 'ftp']);

/** Gives the client what it asked for: the code, tokens, or both. */
export async function answerClient(
  exchange: Exchange,
  parameters: AuthorizationParameters,
  grant: Grant,
): Promise<void> {
  const { redirectUri, responseMode, state, locale } = parameters;
  const fields = await answerFields(exchange, parameters, grant);
  const inQuery = responseMode === 'query' && parameters.responseTypes.has('code');
  if (responseMode === 'query' && !inQuery) throw new AuthorizationPageError(500, 'Server Error');
  if (inQuery) {
    const query: [string, string][] = [
      ['code', fields.get('code') ?? ''],
      ['state', state],
    ];
    if (locale !== undefined) query.push(['locale', locale]);
    exchange.redirect(`${redirectUri}${redirectUri.includes('?') ? '&' : '?'}${urlencode(query)}`);
  } else if (responseMode === 'fragment') {
    exchange.redirect(`${redirectUri}#${urlencode(fields)}`);
  } else {
    exchange.html(200, formPostPage(redirectUri, fields));
  }
}

/** In Authentik's order: tokens, then the code, then what is said about them. */
async function answerFields(
  exchange: Exchange,
  { responseTypes, codeChallenge, codeChallengeMethod, state, responseMode }: AuthorizationParameters,
  grant: Grant,
): Promise<Map<string, string>> {
  const { issued, tokens } = exchange.world;
  const fields = new Map<string, string>();
  const code = responseTypes.has('code')
    ? issued.issueCode({ grant, codeChallengeMethod, ...(codeChallenge !== undefined && { codeChallenge }) })
    : undefined;
  if (responseTypes.size === 1 && code !== undefined) return fields.set('code', code).set('state', state);

  const options = { issuer: exchange.issuer(grant.provider), ...(code !== undefined && { code }) };
  const alone = responseTypes.has('id_token') && responseTypes.size === 1 && !exchange.habits.idTokenAlone;
  const access = responseTypes.has('token') || alone ? await tokens.accessToken(grant, options) : undefined;
  if (access !== undefined) fields.set('access_token', access.accessToken);
  if (responseTypes.has('id_token')) fields.set('id_token', await tokens.idToken(grant, options, access?.accessToken));
  if (code !== undefined) fields.set('code', code);
  if (responseMode === 'form_post') return fields.set('state', state);
  return fields
    .set('token_type', 'Bearer')
    .set('expires_in', String(Math.floor(grant.provider.accessTokenValiditySeconds)))
    .set('state', state);
}

/** Answers a request that failed: a page, or a redirect that is glued together as Authentik's is. */
export function answerFailure(exchange: Exchange, error: AuthorizationPageError | AuthorizationRedirectError): void {
  if (error instanceof AuthorizationPageError) {
    exchange.html(
      error.status,
      errorPage({ heading: error.heading, ...(error.text !== undefined && { text: error.text }) }),
    );
    return;
  }
  if (!ERROR_REDIRECT_SCHEMES.has(error.redirectUri.split(':', 1)[0]?.toLowerCase() ?? '')) {
    exchange.html(400, errorPage({ heading: 'Bad Request' }));
    return;
  }
  const state = error.state ? `&state=${error.state}` : '';
  const glued = `${error.redirectUri}${error.inFragment ? '#' : '?'}error=${error.error}&error_description=${quote(error.description)}${state}`;
  exchange.redirect(iriToUri(glued));
}
