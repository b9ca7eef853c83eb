import { redirectPage, signedOutPage } from '../../pages/sign-out.page.js';
import type { Endpoint } from '../../wire/endpoint.js';
import type { Exchange } from '../../wire/exchange.js';
import { INVALIDATION_FLOW, PROVIDER_INVALIDATION_FLOW, takeStep, type Step } from './way-out.js';

/** The link with which people sign out. */
export const defaultInvalidation: Endpoint = {
  name: 'sign-out',
  path: '/flows/-/default/invalidation/',
  GET: (exchange) => exchange.redirect(`/if/flow/${INVALIDATION_FLOW}/`),
};

/** Pages and executors of the two flows that end something. */
export const invalidationFlows: readonly Endpoint[] = [INVALIDATION_FLOW, PROVIDER_INVALIDATION_FLOW].flatMap(
  (flow): Endpoint[] => [
    { name: 'sign-out', path: `/if/flow/${flow}/`, GET: (exchange) => showPage(exchange, flow) },
    { name: 'sign-out', path: `/api/v3/flows/executor/${flow}/`, GET: (exchange) => execute(exchange, flow) },
  ],
);

/** The real page is a script that asks the executor; this one has no script, so it goes all the way at once. */
function showPage(exchange: Exchange, flow: string): void {
  let step = nextStep(exchange, flow);
  while (step.kind === 'again' && step.session !== undefined) step = takeStep(exchange.world, step.session, flow);
  keepSession(exchange, step);
  exchange.html(
    200,
    step.kind === 'redirect' && step.session !== undefined
      ? redirectPage(step.to)
      : signedOutPage(step.provider?.application?.name, step.session?.user?.username),
  );
}

function execute(exchange: Exchange, flow: string): void {
  const step = nextStep(exchange, flow);
  keepSession(exchange, step);
  const { response } = exchange;
  response.set({ Allow: 'GET, POST, HEAD, OPTIONS', 'X-Frame-Options': 'SAMEORIGIN' });
  if (step.kind === 'again') {
    exchange.redirect(exchange.request.originalUrl);
    return;
  }
  exchange.json(
    200,
    step.kind === 'redirect'
      ? { component: 'xak-flow-redirect', to: step.to }
      : {
          component: 'ak-stage-session-end',
          pending_user: step.session?.user?.username ?? '',
          application_name: step.provider?.application?.name ?? null,
        },
  );
}

function nextStep(exchange: Exchange, flow: string): Step {
  return takeStep(exchange.world, exchange.session ?? exchange.world.issued.newSession(), flow);
}

function keepSession(exchange: Exchange, { session }: Step): void {
  if (session === undefined) exchange.clearSessionCookie();
  else exchange.setSessionCookie(session);
}
