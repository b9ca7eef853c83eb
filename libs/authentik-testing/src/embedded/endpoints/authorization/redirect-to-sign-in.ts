import { randomUUID } from 'node:crypto';
import type { Application } from '../../directory/entries.js';
import { AUTHENTICATION_FLOW, flowPagePath } from '../../flows/flow.js';
import { planOf } from '../../flows/plan.js';
import { quote, urlencode } from '../../wire/encoding.js';
import type { Exchange } from '../../wire/exchange.js';

/** Where requests wait while the same browser signs in. */
export const BUFFER_PATH = '/policy/buffer';
/** Names a request that waits. */
export const BUFFER_ID = 'af_bf_id';
/** In a request that does not want to wait. */
export const SKIP_BUFFER = 'skip_buffer';

/** Sends a browser to sign in and come back to this very request; or to wait, if a sign-in of it is open already. */
export function redirectToSignIn(exchange: Exchange, application?: Application): void {
  const session = exchange.ensureSession();
  exchange.setSessionCookie(session);
  const here = exchange.request.originalUrl;
  const signsIn = session.plan?.flowSlug === AUTHENTICATION_FLOW.slug && session.signInOpened === true;
  if (signsIn && session.user === undefined && !exchange.query.has(SKIP_BUFFER)) {
    const id = randomUUID();
    (session.buffered ??= new Map()).set(id, here);
    exchange.redirect(`${BUFFER_PATH}?${BUFFER_ID}=${id}`);
    return;
  }
  if (!exchange.habits.straightToFlow) {
    exchange.redirect(`/flows/-/default/authentication/?next=${quote(here, '/')}`);
    return;
  }
  session.plan = planOf(AUTHENTICATION_FLOW, { ...(application !== undefined && { application }) });
  exchange.redirect(`${flowPagePath(AUTHENTICATION_FLOW)}?${urlencode([...exchange.query, ['next', here]])}`);
}
