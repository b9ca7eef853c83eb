import { notFound, type Endpoint } from '../wire/endpoint.js';
import { applicationOf } from './discovery.js';
import { redirectToSignIn } from './authorization/redirect-to-sign-in.js';

/** Leads from the library to an application: to the origin of its first redirect URI. No policy is asked. */
export const launch: Endpoint = {
  name: 'other',
  path: '/application/launch/:slug/',
  GET: (exchange) => {
    const url = applicationOf(exchange)?.provider?.redirectUris[0]?.url;
    const origin = /^[A-Za-z][A-Za-z0-9+.-]*:\/\/[^/?#]*/.exec(url ?? '')?.[0];
    if (exchange.session?.user === undefined) redirectToSignIn(exchange);
    else if (origin === undefined) return notFound.GET?.(exchange);
    else exchange.redirect(origin);
  },
};
