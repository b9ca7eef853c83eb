import { launchUrlOf } from '../../flows/launch-url.js';
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
  exchange.json(200, challengeOf(exchange, flow, step));
}

function challengeOf({ habits }: Exchange, flow: string, { kind, to, provider, session }: Step) {
  if (kind === 'redirect') return { component: 'xak-flow-redirect', to };
  const flow_info = {
    title: flow === INVALIDATION_FLOW ? 'Default Invalidation Flow' : 'Default Provider Invalidation Flow',
    background: '/static/dist/assets/images/flow_background.jpg',
    ...(habits.fullerChallenges && { background_themed_urls: null }),
    cancel_url: '/flows/-/cancel/',
    layout: 'stacked',
  };
  // Nobody is left to be told: what came with the rework of end-session shows no page to a browser that is signed out.
  if (habits.endSessionTrap && session?.user === undefined)
    return { flow_info, component: 'xak-flow-redirect', to: '/' };
  return {
    flow_info,
    component: 'ak-stage-session-end',
    pending_user: session?.user?.username ?? '',
    pending_user_avatar: '/static/dist/assets/images/user_default.png',
    application_name: provider?.application?.name ?? null,
    application_launch_url: (provider?.application && launchUrlOf(provider.application)) ?? null,
    brand_name: 'authentik',
  };
}

function nextStep(exchange: Exchange, flow: string): Step {
  return takeStep(exchange.world, exchange.session ?? exchange.world.issued.newSession(), flow);
}

function keepSession(exchange: Exchange, { session }: Step): void {
  if (session === undefined) exchange.clearSessionCookie();
  else exchange.setSessionCookie(session);
}
