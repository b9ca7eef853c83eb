import { AUTHENTICATION_FLOW, flowOf, flowPagePath, type Flow } from '../flows/flow.js';
import { step, type Step } from '../flows/executor.js';
import { planOf } from '../flows/plan.js';
import { STAGES } from '../flows/stages/index.js';
import { challengePage, continuePage } from '../pages/flow.page.js';
import { permissionDeniedPage } from '../pages/error.page.js';
import { dispatch, notFound, type Endpoint } from '../wire/endpoint.js';
import type { Exchange } from '../wire/exchange.js';

/**
 * Flows for people. Authentik's own page is a script application over the executor; this one shows the same challenges
 * as forms, and needs no script. It is on the same way through the flow as scripts of the same browser.
 */
export const flowPages: readonly Endpoint[] = [
  { name: 'sign-in' as const, path: flowPagePath(AUTHENTICATION_FLOW) },
  { name: 'consent' as const, path: flowPagePath({ slug: ':slug' }) },
].map((endpoint) => ({
  ...endpoint,
  GET: (exchange) => withFlow(exchange, showPage),
  POST: (exchange) => withFlow(exchange, takeForm),
}));

function withFlow(exchange: Exchange, act: (exchange: Exchange, flow: Flow) => Promise<void>): void | Promise<void> {
  const flow = flowOf(String(exchange.request.params['slug'] ?? AUTHENTICATION_FLOW.slug), exchange.world);
  return flow === undefined ? dispatch(notFound, exchange) : act(exchange, flow);
}

/** Looking changes nothing but the token of a consent: what acts by being shown waits for a button. */
async function showPage(exchange: Exchange, flow: Flow): Promise<void> {
  const { session, query } = exchange;
  if (flow.designation === 'authentication' && session !== undefined && session.user === undefined) {
    session.signInOpened = true;
  }
  const plan = session?.plan?.flowSlug === flow.slug ? session.plan : undefined;
  // A sign-in asks for name and password at once, so its page is the same wherever it stands.
  const shown = plan ?? planOf(flow);
  const name = flow === AUTHENTICATION_FLOW ? 'identification' : shown.stages[0];
  const run = { exchange, flow, query, plan: shown, session: session ?? { key: '', signIns: 0, expiresAtMs: 0 } };
  if (name === undefined || (flow.needsUser && session?.user === undefined)) {
    exchange.html(200, permissionDeniedPage(exchange.locale));
    return;
  }
  const stage = STAGES[name];
  if (!stage.asks(run)) {
    exchange.html(200, continuePage(shown.application?.name ?? ''));
    return;
  }
  answerStep(exchange, (await stage.show(run)) as Step);
}

async function takeForm(exchange: Exchange, flow: Flow): Promise<void> {
  const { form, query } = exchange;
  const fields = Object.fromEntries(form);
  const session = exchange.ensureSession();
  if (form.get('answer') === 'refuse') {
    // The client is not told.
    delete session.plan;
    exchange.html(200, permissionDeniedPage(exchange.locale));
    return;
  }
  let taken: Step;
  if (flow === AUTHENTICATION_FLOW) {
    const { failedAttempts = 0, application } = session.plan?.flowSlug === flow.slug ? session.plan : {};
    session.plan = { ...planOf(flow, { ...(application !== undefined && { application }) }), failedAttempts };
    taken = await step(exchange, flow, query, () => fields);
    if (taken.kind === 'again' && session.plan?.stages[0] === 'password') {
      taken = await step(exchange, flow, query, () => ({ password: form.get('password') ?? '' }));
    }
  } else {
    const asks = form.get('component') !== 'continue';
    taken = await step(exchange, flow, query, asks ? () => fields : undefined);
  }
  while (taken.kind === 'again') taken = await step(exchange, flow, query);
  answerStep(exchange, taken);
}

function answerStep(exchange: Exchange, taken: Step): void {
  if (taken.kind === 'leave') exchange.redirect(taken.to);
  else if (taken.kind === 'page') exchange.html(200, taken.page);
  else if (taken.kind === 'challenge') {
    exchange.html(200, challengePage(taken.challenge, exchange.form.get('uid_field'), exchange.locale));
  }
}
