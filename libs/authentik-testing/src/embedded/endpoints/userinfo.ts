import { mappingClaims, subject } from '../issued/claims.js';
import type { StoredToken } from '../issued/records.js';
import { applyCors } from '../wire/cors.js';
import type { Endpoint } from '../wire/endpoint.js';
import type { Exchange } from '../wire/exchange.js';

/** UserInfo: claims as they are now, for any access token that this server has stored. */
export const userinfo: Endpoint = {
  name: 'userinfo',
  path: '/application/o/userinfo/',
  csrfExempt: true,
  GET: answer,
  POST: answer,
  OPTIONS: (exchange) => {
    applyCors(exchange, undefined);
    exchange.tokenJson(200, {});
  },
};

function answer(exchange: Exchange): void {
  const token = holdsScope(exchange, 'openid');
  if (token === undefined) return;
  const { provider, user, scopes, nonce } = token.grant;
  applyCors(exchange, provider);
  exchange.tokenJson(200, {
    sub: subject(provider, user),
    ...mappingClaims(provider, user, scopes),
    ...(nonce !== undefined && { nonce }),
  });
}

/** @returns the access token sent, if it has this scope; else the refusal is answered */
export function holdsScope(exchange: Exchange, scope: string): StoredToken | undefined {
  const token = exchange.world.issued.tokens.get(sentToken(exchange));
  if (token?.kind !== 'access' || token.revoked) {
    refuse(
      exchange,
      401,
      'invalid_token',
      'The access token provided is expired, revoked, malformed, or invalid for other reasons',
    );
    return undefined;
  }
  if (token.grant.scopes.includes(scope)) return token;
  refuse(
    exchange,
    403,
    'insufficient_scope',
    'The request requires higher privileges than provided by the access token',
  );
  return undefined;
}

/** Header, then form, then query. `Bearer` and `bearer` are known, `BEARER` is not. */
function sentToken(exchange: Exchange): string {
  const inHeader = /^[Bb]earer (.+)$/.exec(exchange.header('authorization') ?? '')?.[1];
  return inHeader ?? exchange.form.get('access_token') ?? exchange.query.get('access_token') ?? '';
}

/** The header's value has no scheme word, and there is no body. */
function refuse(exchange: Exchange, status: number, error: string, description: string): void {
  exchange.empty(status, { 'WWW-Authenticate': `error="${error}", error_description="${description}"` });
}
