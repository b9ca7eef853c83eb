import { answersInFragment, answerFailure, clientAnswer, wantsConsent } from './authorization/answer.js';
import {
  AuthorizationPageError,
  AuthorizationRedirectError,
  checkAuthorizationRequest,
} from './authorization/parameters.js';
import { redirectToSignIn } from './authorization/redirect-to-sign-in.js';
import type { Application, User } from '../directory/entries.js';
import { AUTHORIZATION_FLOWS } from '../flows/flow.js';
import { planOf, redirectToFlow } from '../flows/plan.js';
import type { AuthorizationParameters } from '../issued/authorization-parameters.js';
import type { StageName } from '../issued/flow-plan.js';
import type { BrowserSession } from '../issued/records.js';
import { permissionDeniedPage } from '../pages/error.page.js';
import { supportedLocale } from '../pages/words.js';
import { notFound, type Endpoint } from '../wire/endpoint.js';
import type { Exchange } from '../wire/exchange.js';

/** The authorization endpoint, one for all applications. */
export const authorize: Endpoint = {
  name: 'authorize',
  path: '/application/o/authorize/',
  GET: async (exchange) => {
    if (exchange.rawQuery === '') return notFound.GET?.(exchange);
    speak(exchange);
    try {
      await decide(exchange);
    } catch (error) {
      if (!(error instanceof AuthorizationPageError || error instanceof AuthorizationRedirectError)) throw error;
      answerFailure(exchange, error);
    }
  },
};

/** From here on the browser's pages are in the language that the request asks for. */
function speak(exchange: Exchange): void {
  const locale = exchange.habits.uiLocales ? supportedLocale(exchange.query.get('ui_locales') ?? '') : undefined;
  if (locale === undefined) return;
  exchange.ensureSession().locale = locale;
  if (exchange.habits.contentLanguage) exchange.response.setHeader('Content-Language', locale);
}

/** Parameters come before the person, and the person before the policies. */
async function decide(exchange: Exchange): Promise<void> {
  const parameters = checkAuthorizationRequest(exchange);
  const { provider, prompt, redirectUri, responseTypes, state } = parameters;
  const { directory } = exchange.world;
  const session = exchange.session;
  if (prompt.has('none') && session?.user === undefined) {
    throw new AuthorizationRedirectError(redirectUri, 'login_required', state, answersInFragment(responseTypes));
  }
  const { application } = provider;
  if (application === undefined) {
    exchange.html(200, permissionDeniedPage(exchange.locale));
    return;
  }
  if (session?.user === undefined) {
    redirectToSignIn(exchange, application);
    return;
  }
  if (mustSignInAgain(exchange, parameters, session)) {
    if (prompt.has('login')) session.signInsWhenDemanded ??= session.signIns;
    redirectToSignIn(exchange, application);
    return;
  }
  delete session.signInsWhenDemanded;
  if (!session.user.isActive || !directory.mayUse(session.user, application)) {
    // Neither a redirect nor another status, with `prompt=none` too.
    exchange.html(200, permissionDeniedPage(exchange.locale));
    return;
  }
  exchange.setSessionCookie(session);
  await authorizePerson(exchange, parameters, application, session, session.user);
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

/** Straight to the client where nobody has to be asked and a redirect can carry the answer; else through the flow. */
async function authorizePerson(
  exchange: Exchange,
  parameters: AuthorizationParameters,
  application: Application,
  session: BrowserSession,
  user: User,
): Promise<void> {
  const flow = AUTHORIZATION_FLOWS[parameters.provider.consent];
  const asks = flow.stages.length === 0 && wantsConsent(exchange, parameters);
  const stages: StageName[] = [...(asks ? (['consent-always'] as const) : []), 'authorization-answer'];
  const plan = planOf(flow, { application, parameters, stages });
  if (!exchange.habits.directRedirect || plan.stages.length > 1 || parameters.responseMode === 'form_post') {
    redirectToFlow(exchange, flow, plan);
    return;
  }
  const answer = await clientAnswer(exchange, parameters, session, user);
  if (answer.kind === 'redirect') exchange.redirect(answer.to);
}
