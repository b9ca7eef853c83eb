import type { Provider } from '../directory/entries.js';
import { clientCredentials, isSecretOf } from '../wire/client-authentication.js';
import type { Endpoint } from '../wire/endpoint.js';
import type { Exchange } from '../wire/exchange.js';

/** Introspection. Whoever may not know is told `active: false` with status 200: wrong secrets and foreign tokens too. */
export const introspect: Endpoint = {
  name: 'introspect',
  path: '/application/o/introspect/',
  csrfExempt: true,
  POST: (exchange) => exchange.tokenJson(200, introspection(exchange)),
};

function introspection(exchange: Exchange): Record<string, unknown> {
  const { directory, issued } = exchange.world;
  const { clientId, clientSecret } = clientCredentials(exchange);
  const asking = directory.providers.get(clientId);
  const token = issued.tokens.get(exchange.form.get('token') ?? '');
  const learnsNothing = exchange.habits.publicClientsLearnNothing && asking?.clientType === 'public';
  if (asking === undefined || token === undefined || learnsNothing || !isSecretOf(asking, clientSecret)) {
    return { active: false };
  }
  const { provider } = token.grant;
  if (provider !== asking && !(exchange.habits.introspectsFederated && areFederated(provider, asking))) {
    return { active: false };
  }
  // A replaced refresh token shows its claims all the same, with `active: false`.
  return { ...token.claims, active: !token.revoked, scope: token.grant.scopes.join(' '), client_id: provider.clientId };
}

/** It is enough that one of the two lists the other. */
function areFederated(one: Provider, other: Provider): boolean {
  return one.federatedProviders.has(other.clientId) || other.federatedProviders.has(one.clientId);
}
