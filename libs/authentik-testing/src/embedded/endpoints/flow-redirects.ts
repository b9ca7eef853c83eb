import { AUTHENTICATION_FLOW } from '../flows/flow.js';
import { flowPageAddress } from '../flows/plan.js';
import type { Endpoint } from '../wire/endpoint.js';

/** Leads to the flow that the brand has for signing in, with the query as it is. */
export const defaultAuthentication: Endpoint = {
  name: 'sign-in',
  path: '/flows/-/default/authentication/',
  GET: (exchange) => exchange.redirect(flowPageAddress(AUTHENTICATION_FLOW, exchange.query)),
};

/** Gives up the flow that the browser is on. */
export const cancelFlow: Endpoint = {
  name: 'other',
  path: '/flows/-/cancel/',
  GET: (exchange) => {
    const { session } = exchange;
    if (session !== undefined) delete session.plan;
    const next = exchange.query.get('next') ?? '';
    exchange.redirect(/^\/(?![/\\])[^\r\n\t]*$/.test(next) ? next : '/');
  },
};
