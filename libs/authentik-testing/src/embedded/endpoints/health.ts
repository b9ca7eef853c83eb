import { errorPage } from '../pages/error.page.js';
import { STYLESHEET, STYLESHEET_PATH } from '../pages/stylesheet.js';
import type { Endpoint } from '../wire/endpoint.js';

/** What probes ask: 200 and nothing else. */
export const health: readonly Endpoint[] = ['/-/health/live/', '/-/health/ready/'].map((path) => ({
  name: 'health',
  path,
  GET: (exchange) => exchange.empty(200),
}));

/** The stylesheet of our own pages. */
export const stylesheet: Endpoint = {
  name: 'other',
  path: STYLESHEET_PATH,
  GET: ({ response }) => {
    response.status(200).set('Content-Type', 'text/css; charset=utf-8').end(STYLESHEET);
  },
};

/** The start page leads to the sign-in, or to the library of applications; the emulator has none to show. */
export const root: readonly Endpoint[] = [
  {
    name: 'other',
    path: '/',
    GET: (exchange) =>
      exchange.redirect(exchange.session?.user === undefined ? '/flows/-/default/authentication/?next=/' : '/if/user/'),
  },
  {
    name: 'other',
    path: '/if/user/',
    GET: (exchange) =>
      exchange.html(
        200,
        errorPage({ heading: 'You are signed in', text: exchange.session?.user?.username ?? 'as nobody' }),
      ),
  },
];
