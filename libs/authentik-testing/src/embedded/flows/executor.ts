import type { BrowserSession } from '../issued/records.js';
import type { Exchange } from '../wire/exchange.js';
import type { Flow } from './flow.js';
import { planOf } from './plan.js';
import { challengeOf, pendingUserFields, type Challenge, type StageOutcome, type StageRun } from './stage.js';
import { STAGES } from './stages/index.js';

/** Where a flow stands after one step. */
export type Step =
  | { readonly kind: 'challenge'; readonly challenge: Challenge }
  /** One stage is done: ask again for the next one. */
  | { readonly kind: 'again' }
  | { readonly kind: 'leave'; readonly to: string }
  | { readonly kind: 'page'; readonly page: string };

/**
 * Takes one step on a browser's way through a flow. A way through another flow is given up, and one that has not begun
 * begins.
 * @param query of the flow's page
 * @param answer to the challenge; undefined only asks what it is
 */
export async function step(
  exchange: Exchange,
  flow: Flow,
  query: ReadonlyMap<string, string>,
  answer?: () => unknown,
): Promise<Step> {
  const session = exchange.ensureSession();
  if (session.plan?.flowSlug !== flow.slug) delete session.plan;
  if (flow.needsUser && session.user === undefined) {
    delete session.plan;
    return denied({ exchange, session, flow, plan: planOf(flow), query });
  }
  const plan = (session.plan ??= planOf(flow));
  const run = { exchange, session, flow, plan, query };
  const name = plan.stages[0];
  if (name === undefined) return done(run);
  const stage = STAGES[name];
  if (answer === undefined) return follow(run, await stage.show(run));
  let fields: unknown;
  try {
    fields = answer();
  } catch {
    return crashed(exchange);
  }
  // What is no object has no fields; the stage says what is missing.
  const object = typeof fields === 'object' && fields !== null && !Array.isArray(fields);
  return follow(run, await stage.submit(run, object ? (fields as Record<string, unknown>) : {}));
}

function follow(run: StageRun, outcome: StageOutcome): Step {
  switch (outcome.kind) {
    case 'next':
      run.plan.stages.shift();
      return run.plan.stages.length > 0 ? { kind: 'again' } : done(run);
    case 'denied':
      delete current(run).plan;
      return denied(run, outcome.message);
    case 'crash':
      return crashed(run.exchange);
    default:
      return outcome;
  }
}

/** The end: back to where the browser came from, if that is on this server. */
function done(run: StageRun): Step {
  delete current(run).plan;
  const next = run.query.get('next');
  if (next === undefined || next === '') return { kind: 'leave', to: '/' };
  return isOwnPath(next) ? { kind: 'leave', to: next } : denied(run, 'Invalid next URL');
}

/** Signing in gives the browser another session in between. */
function current({ exchange, session }: StageRun): BrowserSession {
  return exchange.session ?? session;
}

/** `//host` and `/\host` would leave this server. */
function isOwnPath(address: string): boolean {
  return /^\/(?![/\\])[^\r\n\t]*$/.test(address);
}

function denied(run: StageRun, message?: string): Step {
  return challengeOf(run, 'ak-stage-access-denied', {
    ...pendingUserFields(run),
    ...(message !== undefined && { error_message: message }),
  });
}

function crashed(exchange: Exchange): Step {
  return { kind: 'challenge', challenge: { component: 'ak-stage-flow-error', request_id: exchange.requestId } };
}
