import { randomUUID } from 'node:crypto';
import type { Provider } from '../directory/entries.js';
import { SCOPE_DESCRIPTIONS } from '../directory/scope-mappings.js';
import type { BrowserSession } from '../issued/records.js';
import { consentPage } from '../pages/consent.page.js';
import { permissionDeniedPage } from '../pages/error.page.js';
import { notFound, type Endpoint } from '../wire/endpoint.js';
import { urlencode } from '../wire/encoding.js';
import type { Exchange } from '../wire/exchange.js';
import { answerClient, answerFailure } from './authorization/answer.js';
import {
  AuthorizationPageError,
  AuthorizationRedirectError,
  checkAuthorizationRequest,
} from './authorization/parameters.js';

/** The two flows that an authorization may go through; they take the parameters of its request. */
export const consentFlows: readonly Endpoint[] = (['implicit', 'explicit'] as const).map((consent) => ({
  name: 'consent',
  path: flowPath(consent),
  GET: (exchange) => handle(exchange, (session) => showPage(exchange, session)),
  POST: (exchange) => handle(exchange, (session) => takeAnswer(exchange, session)),
}));

/** Sends the browser to the page that asks; what it agrees to is in the query of that page. */
export function redirectToConsent(exchange: Exchange, session: BrowserSession, provider: Provider): void {
  session.pendingConsent = { token: randomUUID(), request: exchange.rawQuery };
  exchange.redirect(`${flowPath(provider.consent)}?${urlencode(exchange.query)}`);
}

function flowPath(consent: Provider['consent']): string {
  return `/if/flow/default-provider-authorization-${consent}-consent/`;
}

/** Only a browser that the authorization endpoint sent here has something to agree to. */
async function handle(exchange: Exchange, act: (session: BrowserSession) => void | Promise<void>): Promise<void> {
  const session = exchange.session;
  if (session?.user === undefined || session.pendingConsent === undefined) return notFound.GET?.(exchange);
  try {
    await act(session);
  } catch (error) {
    if (!(error instanceof AuthorizationPageError || error instanceof AuthorizationRedirectError)) throw error;
    answerFailure(exchange, error);
  }
}

function showPage(exchange: Exchange, session: BrowserSession, error?: string): void {
  const { provider, scopes } = checkAuthorizationRequest(exchange);
  const token = randomUUID();
  session.pendingConsent = { token, request: exchange.rawQuery };
  exchange.html(
    200,
    consentPage({
      application: provider.application?.name ?? provider.name,
      username: session.user?.username ?? '',
      permissions: scopes.map((scope) => SCOPE_DESCRIPTIONS[scope] ?? scope),
      token,
      ...(error !== undefined && { error }),
    }),
  );
}

async function takeAnswer(exchange: Exchange, session: BrowserSession): Promise<void> {
  const { form, world } = exchange;
  const pending = session.pendingConsent;
  if (session.user === undefined || pending?.token !== form.get('token') || pending?.request !== exchange.rawQuery) {
    showPage(exchange, session, 'Invalid consent token, re-showing prompt');
    return;
  }
  delete session.pendingConsent;
  if (form.get('answer') !== 'agree') {
    // The client is not told.
    exchange.html(200, permissionDeniedPage());
    return;
  }
  const parameters = checkAuthorizationRequest(exchange);
  const { provider, scopes, nonce } = parameters;
  const grant = {
    provider,
    user: session.user,
    scopes,
    session,
    authTime: session.authTime ?? 0,
    ...(nonce !== undefined && { nonce }),
  };
  world.issued.rememberConsent(grant);
  if (parameters.prompt.has('none') && parameters.prompt.has('consent')) {
    throw new AuthorizationRedirectError(parameters.redirectUri, 'consent_required', parameters.state, false);
  }
  await answerClient(exchange, parameters, grant);
}
