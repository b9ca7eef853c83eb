import { signInPage } from '../pages/sign-in.page.js';
import type { Endpoint } from '../wire/endpoint.js';
import { quote, urlencode } from '../wire/encoding.js';
import type { Exchange } from '../wire/exchange.js';

/** The flow that signs people in. */
export const AUTHENTICATION_FLOW = '/if/flow/default-authentication-flow/';

/** Leads to the flow that the brand has for signing in, with the query as it is. */
export const defaultAuthentication: Endpoint = {
  name: 'sign-in',
  path: '/flows/-/default/authentication/',
  GET: (exchange) => exchange.redirect(`${AUTHENTICATION_FLOW}?${urlencode(exchange.query)}`),
};

/** The sign-in page. Authentik's own is a script application; this one takes the same two fields as a plain form. */
export const signIn: Endpoint = {
  name: 'sign-in',
  path: AUTHENTICATION_FLOW,
  GET: (exchange) => showPage(exchange),
  POST: (exchange) => {
    const { issued, directory } = exchange.world;
    const uidField = exchange.form.get('uid_field') ?? '';
    const user = directory.findUser(uidField);
    if (user === undefined || !user.isActive || user.password !== exchange.form.get('password')) {
      // One text for both: whether the person exists is not told.
      showPage(exchange, uidField, uidField === '' ? 'No identification data provided.' : 'Invalid password');
      return;
    }
    exchange.setSessionCookie(issued.signIn(exchange.session, user));
    exchange.redirect(ownPath(exchange.query.get('next')) ?? '/if/user/');
  },
};

/** Sends a browser to sign in and come back to this very request. */
export function redirectToSignIn(exchange: Exchange): void {
  const here = exchange.request.originalUrl;
  exchange.redirect(
    exchange.habits.straightToFlow
      ? `${AUTHENTICATION_FLOW}?${urlencode([...exchange.query, ['next', here]])}`
      : `/flows/-/default/authentication/?next=${quote(here, '/')}`,
  );
}

function showPage(exchange: Exchange, uidField?: string, error?: string): void {
  const clientId = new URLSearchParams(exchange.query.get('next')?.split('?')[1]).get('client_id') ?? '';
  const application = exchange.world.directory.providers.get(clientId)?.application?.name;
  const hint = exchange.query.get('login_hint');
  exchange.html(
    200,
    signInPage({
      ...(application !== undefined && { application }),
      ...(error !== undefined && { error }),
      uidField: uidField ?? hint ?? '',
    }),
  );
}

/** @returns the address if it stays on this server; `//host` and `/\host` would leave it */
function ownPath(address: string | undefined): string | undefined {
  return address !== undefined && /^\/(?![/\\])[^\r\n\t]*$/.test(address) ? address : undefined;
}
