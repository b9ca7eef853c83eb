import { clientCredentials, isSecretOf } from '../wire/client-authentication.js';
import type { Endpoint } from '../wire/endpoint.js';
import type { Exchange } from '../wire/exchange.js';
import { answerOAuthError } from '../wire/oauth-errors.js';

/** Revocation. A bad client is 401 here (400 elsewhere); everything else is 200 `{}`, whether the token existed or not. */
export const revoke: Endpoint = {
  name: 'revoke',
  path: '/application/o/revoke/',
  csrfExempt: true,
  POST: answer,
};

function answer(exchange: Exchange): void {
  const { directory, issued } = exchange.world;
  const { clientId, clientSecret } = clientCredentials(exchange);
  const asking = directory.providers.get(clientId);
  const needsSecret = asking?.clientType === 'confidential' || !exchange.habits.publicClientsRevoke;
  if (asking === undefined || (needsSecret && !isSecretOf(asking, clientSecret))) {
    answerOAuthError(exchange, 'invalid_client', 401);
    return;
  }
  const value = exchange.form.get('token') ?? '';
  const token = issued.tokens.get(value);
  const foreign = token !== undefined && token.grant.provider !== asking;
  if (!(foreign && exchange.habits.revokesOwnTokensOnly)) issued.tokens.delete(value);
  exchange.tokenJson(200, {});
}
