import type { Endpoint } from '../wire/endpoint.js';
import type { Exchange } from '../wire/exchange.js';
import { authorize } from './authorize.js';
import { token } from './token.js';
import { holdsScope } from './userinfo.js';

/** For old clients that know GitHub alone: its addresses over the same endpoints. */
export const github: readonly Endpoint[] = [
  { ...authorize, path: '/login/oauth/authorize' },
  { ...token, path: '/login/oauth/access_token' },
  { name: 'userinfo', path: '/user', csrfExempt: true, GET: user },
  { name: 'userinfo', path: '/user/teams', csrfExempt: true, GET: teams },
];

function user(exchange: Exchange): void {
  const grant = holdsScope(exchange, 'user:email')?.grant;
  if (grant === undefined) return;
  const { pk, username, name, email, isSuperuser } = grant.user;
  exchange.json(200, { id: pk, login: username, name, email, type: 'User', site_admin: isSuperuser });
}

function teams(exchange: Exchange): void {
  const grant = holdsScope(exchange, 'read:org')?.grant;
  if (grant === undefined) return;
  exchange.json(
    200,
    [...grant.user.groups].map((name) => ({ name, slug: name, description: '', privacy: '', permission: '' })),
  );
}
