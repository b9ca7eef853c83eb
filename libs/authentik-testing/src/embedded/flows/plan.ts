import type { FlowPlan } from '../issued/flow-plan.js';
import { urlencode } from '../wire/encoding.js';
import type { Exchange } from '../wire/exchange.js';
import { flowPagePath, type Flow } from './flow.js';

/**
 * @param more stages behind those of the flow, and what it is about
 * @returns a way through a flow from its beginning
 */
export function planOf(flow: Flow, more: Partial<FlowPlan> = {}): FlowPlan {
  return { failedAttempts: 0, ...more, flowSlug: flow.slug, stages: [...flow.stages, ...(more.stages ?? [])] };
}

/** Puts a browser on a way through a flow, and sends it to the flow's page with the query of this request. */
export function redirectToFlow(exchange: Exchange, flow: Flow, plan: FlowPlan): void {
  exchange.ensureSession().plan = plan;
  exchange.redirect(flowPageAddress(flow, exchange.query));
}

/** @returns address of a flow's page with a query */
export function flowPageAddress(flow: Flow, query: Iterable<readonly [string, string]>): string {
  const parameters = urlencode(query);
  return `${flowPagePath(flow)}${parameters === '' ? '' : `?${parameters}`}`;
}
