import { createHash } from 'node:crypto';
import type { User } from '../directory/entries.js';
import type { Endpoint } from '../wire/endpoint.js';
import type { Exchange } from '../wire/exchange.js';

/** What of the API under `/api/v3` every client may meet: the brand, and the caller's own record. The rest is not emulated. */
export const api: readonly Endpoint[] = [
  { name: 'other', path: '/api/v3/core/brands/current/', GET: brand },
  { name: 'other', path: '/api/v3/core/users/me/', GET: ownRecord },
];

/** Lets an access token with this scope act as its user. */
const API_SCOPE = 'goauthentik.io/api';

function brand(exchange: Exchange): void {
  const { newBrandRecord } = exchange.habits;
  allow(exchange);
  exchange.apiJson(200, {
    matched_domain: 'authentik-default',
    branding_title: 'authentik',
    branding_logo: '/static/dist/assets/icons/icon_left_brand.svg',
    ...(newBrandRecord && { branding_logo_themed_urls: null }),
    branding_favicon: '/static/dist/assets/icons/icon.png',
    ...(newBrandRecord && { branding_favicon_themed_urls: null }),
    branding_custom_css: '',
    ui_footer_links: [],
    ui_theme: 'automatic',
    flow_authentication: 'default-authentication-flow',
    ...(newBrandRecord && { flow_invalidation: 'default-invalidation-flow' }),
    flow_user_settings: 'default-user-settings-flow',
    default_locale: '',
    ...(newBrandRecord && { flags: { flows_continuous_login: false, flows_refresh_others: false } }),
  });
}

/** By the browser's session, or by an access token with the scope of the API. What is not allowed is 403, never 401. */
function ownRecord(exchange: Exchange): void {
  allow(exchange);
  const header = exchange.header('authorization');
  const user = header === undefined ? exchange.session?.user : userOfToken(exchange, header);
  if (user === undefined) {
    exchange.apiJson(403, {
      detail: header === undefined ? 'Authentication credentials were not provided.' : 'Token invalid/expired',
    });
    return;
  }
  if (header === undefined && exchange.session !== undefined) exchange.setSessionCookie(exchange.session);
  exchange.apiJson(200, { user: record(user, exchange.habits.newBrandRecord) });
}

function userOfToken(exchange: Exchange, header: string): User | undefined {
  const token = exchange.world.issued.tokens.get(/^Bearer (.+)$/i.exec(header)?.[1] ?? '');
  if (token?.kind !== 'access' || !token.grant.scopes.includes(API_SCOPE) || !token.grant.user.isActive)
    return undefined;
  return token.grant.user;
}

function record({ pk, uid, username, name, email, groups, isActive, isSuperuser }: User, withRoles: boolean) {
  return {
    pk,
    username,
    name,
    is_active: isActive,
    is_superuser: isSuperuser,
    groups: [...groups].map((group) => ({ name: group, pk: groupUuid(group) })),
    ...(withRoles && { roles: [] }),
    email,
    avatar: AVATAR,
    uid,
    settings: {},
    type: 'internal',
    system_permissions: isSuperuser ? ['access_admin_interface'] : [],
  };
}

/** Groups are names here; as records they need a key that stays the same. */
function groupUuid(name: string): string {
  const hex = createHash('sha256').update(name).digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), `4${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20, 32)].join(
    '-',
  );
}

const AVATAR = 'data:image/svg+xml;base64,PHN2ZyB4bWxucz0iaHR0cDovL3d3dy53My5vcmcvMjAwMC9zdmciLz4=';

function allow({ response }: Exchange): void {
  response.setHeader('Allow', 'GET, HEAD, OPTIONS');
}
