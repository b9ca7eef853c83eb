import type { User } from '../directory/entries.js';
import type { BrowserSession, Grant } from '../issued/records.js';
import { permissionDeniedPage } from '../pages/error.page.js';
import { notFound, type Endpoint } from '../wire/endpoint.js';
import type { Exchange } from '../wire/exchange.js';
import { answerClient, answerFailure } from './authorization/answer.js';
import {
  AuthorizationPageError,
  AuthorizationRedirectError,
  checkAuthorizationRequest,
  type AuthorizationParameters,
} from './authorization/parameters.js';
import { redirectToConsent } from './consent.js';
import { redirectToSignIn } from './sign-in.js';

/** The authorization endpoint, one for all applications. */
export const authorize: Endpoint = {
  name: 'authorize',
  path: '/application/o/authorize/',
  GET: async (exchange) => {
    if (exchange.rawQuery === '') return notFound.GET?.(exchange);
    try {
      await decide(exchange);
    } catch (error) {
      if (!(error instanceof AuthorizationPageError || error instanceof AuthorizationRedirectError)) throw error;
      answerFailure(exchange, error);
    }
  },
};

/** Parameters come before the person, and the person before the policies. */
async function decide(exchange: Exchange): Promise<void> {
  const parameters = checkAuthorizationRequest(exchange);
  const { provider, prompt, redirectUri } = parameters;
  const { directory, issued } = exchange.world;
  const session = exchange.session;
  if (prompt.has('none') && session?.user === undefined) {
    throw new AuthorizationRedirectError(
      redirectUri,
      'login_required',
      parameters.state,
      !parameters.responseTypes.has('code') || parameters.responseTypes.size > 1,
    );
  }
  if (provider.application === undefined) {
    exchange.html(200, permissionDeniedPage());
    return;
  }
  if (session?.user === undefined || mustSignInAgain(exchange, parameters, session)) {
    const waiting = session ?? issued.newSession();
    if (prompt.has('login')) waiting.signInsWhenDemanded ??= waiting.signIns;
    exchange.setSessionCookie(waiting);
    redirectToSignIn(exchange);
    return;
  }
  delete session.signInsWhenDemanded;
  if (!session.user.isActive || !directory.mayUse(session.user, provider.application)) {
    // Neither a redirect nor another status, with `prompt=none` too.
    exchange.html(200, permissionDeniedPage());
    return;
  }
  exchange.setSessionCookie(session);
  const grant = grantOf(parameters, session, session.user);
  if (mustConsent(exchange, parameters, grant)) redirectToConsent(exchange, session, provider);
  else await answerClient(exchange, parameters, grant);
}

/** `prompt=login` and `max_age` each make people sign in once more. */
function mustSignInAgain(
  { world }: Exchange,
  { prompt, maxAgeSeconds }: AuthorizationParameters,
  session: BrowserSession,
): boolean {
  const demandedAlready = session.signInsWhenDemanded !== undefined && session.signIns > session.signInsWhenDemanded;
  if (prompt.has('login') && !demandedAlready) return true;
  return maxAgeSeconds !== undefined && world.clock.nowSeconds() - (session.authTime ?? 0) > maxAgeSeconds;
}

function mustConsent(
  { habits, world }: Exchange,
  { provider, prompt, scopes }: AuthorizationParameters,
  grant: Grant,
): boolean {
  if (prompt.has('consent')) return true;
  if (habits.offlineAccessNeedsConsent && scopes.includes('offline_access')) return true;
  return provider.consent === 'explicit' && !world.issued.remembersConsent(grant);
}

/** What tokens of this request will carry. */
export function grantOf(
  { provider, scopes, nonce }: AuthorizationParameters,
  session: BrowserSession,
  user: User,
): Grant {
  return { provider, user, scopes, session, authTime: session.authTime ?? 0, ...(nonce !== undefined && { nonce }) };
}
