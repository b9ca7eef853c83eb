import { notFound, type Endpoint } from '../wire/endpoint.js';
import { applicationOf } from './discovery.js';

/** Key set of one application: its current key alone. Without a signing key (HS256) it is `{}`, without `keys`. */
export const jwks: Endpoint = {
  name: 'jwks',
  path: '/application/o/:slug/jwks/',
  GET: async (exchange) => {
    const provider = applicationOf(exchange)?.provider;
    if (provider === undefined) return notFound.GET?.(exchange);
    const key = await provider.signingKey;
    const body = key === undefined ? {} : { keys: [await key.jwk()] };
    exchange.response.setHeader('Access-Control-Allow-Origin', '*');
    exchange.json(200, body);
  },
};
