import { flowOf } from '../flows/flow.js';
import { step } from '../flows/executor.js';
import { dispatch, notFound, type Endpoint } from '../wire/endpoint.js';
import { urlencode } from '../wire/encoding.js';
import type { Exchange } from '../wire/exchange.js';

/** Flows for scripts: what is asked, and what becomes of an answer. `query` is the query of the flow's page. */
export const flowExecutor: Endpoint = {
  name: 'flow-executor',
  path: '/api/v3/flows/executor/:slug/',
  csrfExempt: true,
  GET: (exchange) => answer(exchange),
  POST: (exchange) => answer(exchange, () => exchange.jsonBody()),
};

const ALLOW = 'GET, POST, HEAD, OPTIONS';

async function answer(exchange: Exchange, body?: () => unknown): Promise<void> {
  const slug = String(exchange.request.params['slug']);
  const flow = flowOf(slug, exchange.world);
  if (flow === undefined) return dispatch(notFound, exchange);
  exchange.response.set({ Allow: ALLOW, 'X-Frame-Options': 'SAMEORIGIN' });
  const query = new Map(new URLSearchParams(exchange.query.get('query') ?? ''));
  const taken = await step(exchange, flow, query, body);
  switch (taken.kind) {
    case 'challenge':
      exchange.json(200, taken.challenge);
      return;
    case 'page':
      exchange.json(200, { component: 'xak-flow-shell', body: taken.page });
      return;
    case 'leave':
      exchange.json(200, { component: 'xak-flow-redirect', to: taken.to });
      return;
    default: {
      // To the same address it is a redirect; written otherwise, it is another one.
      const parameters = urlencode(exchange.query);
      const here = `/api/v3/flows/executor/${slug}/${parameters === '' ? '' : `?${parameters}`}`;
      if (here === exchange.request.originalUrl) exchange.redirect(here);
      else exchange.json(200, { component: 'xak-flow-redirect', to: here });
    }
  }
}
