import { enterDevice } from '../flows/enter-device.js';
import { deviceCodeFlow } from '../flows/flow.js';
import { planOf, redirectToFlow } from '../flows/plan.js';
import type { Endpoint } from '../wire/endpoint.js';
import { quote } from '../wire/encoding.js';

/** Where people let a device in: with its code in the query, or with a page to type it. No final slash. */
export const deviceVerification: Endpoint = {
  name: 'device-page',
  path: '/device',
  GET: (exchange) => {
    const { session, query, world } = exchange;
    if (session?.user === undefined) {
      exchange.redirect(`/flows/-/default/authentication/?next=${quote(exchange.request.originalUrl, '/')}`);
      return;
    }
    const flow = deviceCodeFlow(world);
    if (flow === undefined) {
      exchange.empty(404);
      return;
    }
    const code = query.get('code');
    if (code !== undefined) {
      const entry = enterDevice(exchange, session, code, query);
      if (entry.kind === 'denied') exchange.html(200, entry.page);
      if (entry.kind === 'flow') {
        exchange.setSessionCookie(session);
        exchange.redirect(entry.to);
      }
      if (entry.kind !== 'unknown') return;
    }
    exchange.setSessionCookie(session);
    redirectToFlow(exchange, flow, planOf(flow, { stages: ['device-code'] }));
  },
};
