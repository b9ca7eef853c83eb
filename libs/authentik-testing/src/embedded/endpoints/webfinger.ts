import type { Endpoint } from '../wire/endpoint.js';

const ISSUER_REL = 'http://openid.net/specs/connect/1.0/issuer';

/** WebFinger: the brand's default application is everybody's issuer; without one there is nothing to tell. */
export const webfinger: Endpoint = {
  name: 'other',
  path: '/.well-known/webfinger',
  GET: (exchange) => {
    const { brand, directory } = exchange.world;
    const provider = directory.applications.get(brand.defaultApplication ?? '')?.provider;
    const { response } = exchange;
    response.status(200).setHeader('Content-Type', 'application/jrd+json');
    response.setHeader('Access-Control-Allow-Origin', '*');
    response.end(
      JSON.stringify(
        provider === undefined
          ? {}
          : {
              subject: exchange.query.get('resource') ?? null,
              links: [{ rel: ISSUER_REL, href: exchange.issuer(provider) }],
            },
      ),
    );
  },
};
