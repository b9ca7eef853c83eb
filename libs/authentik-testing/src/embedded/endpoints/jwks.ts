import { encryptionJwk } from '../directory/signing-key.js';
import { notFound, type Endpoint } from '../wire/endpoint.js';
import { applicationOf } from './discovery.js';

/** Key set of one application: its current keys alone. Without a signing key (HS256) it is `{}`, without `keys`. */
export const jwks: Endpoint = {
  name: 'jwks',
  path: '/application/o/:slug/jwks/',
  GET: async (exchange) => {
    const provider = applicationOf(exchange)?.provider;
    if (provider === undefined) return notFound.GET?.(exchange);
    const [signing, encryption] = await Promise.all([provider.signingKey, provider.encryptionKey]);
    const keys = [
      ...(signing === undefined ? [] : [await signing.jwk()]),
      ...(encryption === undefined ? [] : [await encryptionJwk(encryption)]),
    ];
    const body = keys.length === 0 ? {} : { keys };
    exchange.response.setHeader('Access-Control-Allow-Origin', '*');
    exchange.json(200, body);
  },
};
