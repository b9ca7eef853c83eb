import type { GrantType } from '../directory/options.js';
import type { Habits } from '../versions.js';
import { clientCredentials, isSecretOf } from '../wire/client-authentication.js';
import { applyCors } from '../wire/cors.js';
import type { Endpoint } from '../wire/endpoint.js';
import type { Exchange } from '../wire/exchange.js';
import { answerOAuthError, OAuthRefusal } from '../wire/oauth-errors.js';
import { authorizationCodeGrant } from './grants/authorization-code.js';
import { clientCredentialsGrant } from './grants/client-credentials.js';
import { deviceCodeGrant } from './grants/device-code.js';
import type { GrantRequest, TokenResponse } from './grants/grant-request.js';
import { refreshTokenGrant } from './grants/refresh-token.js';
import { tokenExchangeGrant } from './grants/token-exchange.js';

interface GrantHandler {
  /** Default: every version. */
  isThere?(habits: Habits): boolean;
  /** Confidential clients show their secret before anything else is looked at. */
  needsSecret(habits: Habits): boolean;
  answer(request: GrantRequest): Promise<TokenResponse>;
}

const GRANTS: Readonly<Partial<Record<string, GrantHandler>>> = {
  authorization_code: { needsSecret: () => true, answer: authorizationCodeGrant },
  refresh_token: { needsSecret: () => true, answer: refreshTokenGrant },
  client_credentials: { needsSecret: () => false, answer: clientCredentialsGrant },
  password: { needsSecret: () => false, answer: clientCredentialsGrant },
  'urn:ietf:params:oauth:grant-type:device_code': {
    needsSecret: ({ deviceNeedsSecret }) => deviceNeedsSecret,
    answer: deviceCodeGrant,
  },
  'urn:ietf:params:oauth:grant-type:token-exchange': {
    isThere: ({ tokenExchange }) => tokenExchange,
    needsSecret: () => true,
    answer: tokenExchangeGrant,
  },
};

/** The token endpoint, one for all applications. Every refusal is 400, a wrong client too. */
export const token: Endpoint = {
  name: 'token',
  path: '/application/o/token/',
  csrfExempt: true,
  POST: answer,
  OPTIONS: (exchange) => {
    applyCors(exchange, undefined);
    exchange.tokenJson(200, {});
  },
};

async function answer(exchange: Exchange): Promise<void> {
  const credentials = clientCredentials(exchange);
  const provider = exchange.world.directory.providers.get(credentials.clientId);
  if (provider === undefined) {
    answerOAuthError(exchange, 'invalid_client');
    return;
  }
  applyCors(exchange, provider);
  try {
    const request = { exchange, provider, credentials };
    exchange.tokenJson(200, await grantHandler(request).answer(request));
  } catch (error) {
    if (!(error instanceof OAuthRefusal)) throw error;
    answerOAuthError(exchange, error.error);
  }
}

function grantHandler({ exchange, provider, credentials }: GrantRequest): GrantHandler {
  const grantType = exchange.form.get('grant_type') ?? '';
  // Since providers name their grants, what they lack (and what nobody has) is refused before the secret is looked at.
  if (exchange.habits.grantTypes && !provider.grantTypes.has(grantType as GrantType))
    throw new OAuthRefusal('invalid_grant');
  const handler = GRANTS[grantType];
  if (handler === undefined || handler.isThere?.(exchange.habits) === false) {
    throw new OAuthRefusal(exchange.habits.grantTypes ? 'invalid_grant' : 'unsupported_grant_type');
  }
  if (
    handler.needsSecret(exchange.habits) &&
    provider.clientType === 'confidential' &&
    !isSecretOf(provider, credentials.clientSecret)
  ) {
    throw new OAuthRefusal('invalid_client');
  }
  return handler;
}
