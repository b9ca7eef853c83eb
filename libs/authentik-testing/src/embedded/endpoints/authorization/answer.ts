import type { User } from '../../directory/entries.js';
import type { AuthorizationParameters } from '../../issued/authorization-parameters.js';
import type { BrowserSession, Grant } from '../../issued/records.js';
import { errorPage } from '../../pages/error.page.js';
import { iriToUri, quote, urlencode } from '../../wire/encoding.js';
import type { Exchange } from '../../wire/exchange.js';
import { AuthorizationPageError, AuthorizationRedirectError } from './parameters.js';

/** Schemes that an error may be redirected to; a success may go anywhere. */
const ERROR_REDIRECT_SCHEMES = new Set(['http', 'https', 'ftp']);

/** How the client gets its answer: by a redirect, or by a form that the browser posts. */
export type ClientAnswer =
  | { readonly kind: 'redirect'; readonly to: string }
  | { readonly kind: 'form'; readonly url: string; readonly fields: ReadonlyMap<string, string> };

/**
 * Issues what the client asked for: the code, tokens, or both.
 * @throws {AuthorizationRedirectError} consent was asked for, and that nobody be asked
 * @throws {AuthorizationPageError} a mode that the answer has no place in
 */
export async function clientAnswer(
  exchange: Exchange,
  parameters: AuthorizationParameters,
  session: BrowserSession,
  user: User,
): Promise<ClientAnswer> {
  const { provider, prompt, redirectUri, responseMode, responseTypes, scopes, state, nonce, locale } = parameters;
  if (prompt.has('none') && wantsConsent(exchange, parameters)) {
    throw new AuthorizationRedirectError(redirectUri, 'consent_required', state, answersInFragment(responseTypes));
  }
  const authTime = session.authTime ?? 0;
  const grant = { provider, user, scopes, session, authTime, ...(nonce !== undefined && { nonce }) };
  const fields = await answerFields(exchange, parameters, grant);
  if (responseMode === 'form_post') return { kind: 'form', url: redirectUri, fields };
  if (responseMode === 'fragment') return { kind: 'redirect', to: `${redirectUri}#${urlencode(fields)}` };
  if (!responseTypes.has('code')) throw new AuthorizationPageError(500, 'Server Error');
  const query: [string, string][] = [
    ['code', fields.get('code') ?? ''],
    ['state', state],
  ];
  if (locale !== undefined) query.push(['locale', locale]);
  return { kind: 'redirect', to: `${redirectUri}${redirectUri.includes('?') ? '&' : '?'}${urlencode(query)}` };
}

/** Whether the request wants people to be asked, though the flow may not. */
export function wantsConsent({ habits }: Exchange, { prompt, scopes }: AuthorizationParameters): boolean {
  return prompt.has('consent') || (habits.offlineAccessNeedsConsent && scopes.includes('offline_access'));
}

/** Implicit and hybrid requests get their errors in the fragment. */
export function answersInFragment(responseTypes: ReadonlySet<string>): boolean {
  return !responseTypes.has('code') || responseTypes.size > 1;
}

/** In Authentik's order: tokens, then the code, then what is said about them. */
async function answerFields(
  exchange: Exchange,
  { responseTypes, codeChallenge, codeChallengeMethod, state }: AuthorizationParameters,
  grant: Grant,
): Promise<Map<string, string>> {
  const { issued, tokens } = exchange.world;
  const fields = new Map<string, string>();
  const code = responseTypes.has('code')
    ? issued.issueCode({ grant, codeChallengeMethod, ...(codeChallenge !== undefined && { codeChallenge }) })
    : undefined;
  if (responseTypes.size === 1 && code !== undefined) return fields.set('code', code).set('state', state);

  // The hash of the code stands in the ID token, and in the access token that is made of the same claims.
  const hashed = code !== undefined && responseTypes.has('id_token');
  const options = { issuer: exchange.issuer(grant.provider), ...(hashed && { code }) };
  const alone = responseTypes.has('id_token') && responseTypes.size === 1 && !exchange.habits.idTokenAlone;
  const access = responseTypes.has('token') || alone ? await tokens.accessToken(grant, options) : undefined;
  if (access !== undefined) fields.set('access_token', access.accessToken);
  if (responseTypes.has('id_token')) fields.set('id_token', await tokens.idToken(grant, options, access?.accessToken));
  if (code !== undefined) fields.set('code', code);
  return fields
    .set('token_type', 'Bearer')
    .set('expires_in', String(Math.floor(grant.provider.accessTokenValiditySeconds)))
    .set('state', state);
}

/** Answers a request that failed: a page, or a redirect. */
export function answerFailure(exchange: Exchange, error: AuthorizationPageError | AuthorizationRedirectError): void {
  if (error instanceof AuthorizationPageError) {
    exchange.html(error.status, errorPageOf(error.heading, error.text));
    return;
  }
  const to = errorRedirectOf(error);
  if (to === undefined) exchange.html(400, errorPageOf('Bad Request'));
  else exchange.redirect(to);
}

/** @returns a page that says what is wrong */
export function errorPageOf(heading: string, text?: string): string {
  return errorPage({ heading, ...(text !== undefined && { text }) });
}

/** @returns the redirect that tells the client, glued together as Authentik's is; undefined for schemes that errors may not go to */
export function errorRedirectOf(error: AuthorizationRedirectError): string | undefined {
  if (!ERROR_REDIRECT_SCHEMES.has(error.redirectUri.split(':', 1)[0]?.toLowerCase() ?? '')) return undefined;
  const state = error.state ? `&state=${error.state}` : '';
  return iriToUri(
    `${error.redirectUri}${error.inFragment ? '#' : '?'}error=${error.error}&error_description=${quote(error.description)}${state}`,
  );
}
