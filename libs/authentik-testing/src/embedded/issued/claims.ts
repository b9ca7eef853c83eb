import { createHash } from 'node:crypto';
import type { Provider, User } from '../directory/entries.js';
import { randomLettersAndDigits } from '../random.js';
import type { Habits } from '../versions.js';
import { sidOf, type Grant, type TokenClaims } from './records.js';

/** What the claims depend on besides the grant. */
export interface ClaimsContext {
  readonly habits: Habits;
  /** Issuer of this provider, as the request's host makes it; undefined for a provider without application. */
  readonly issuer: string | undefined;
  readonly nowSeconds: number;
  readonly expiresInSeconds: number;
  /** The session that the grant came from is over: `sid` and `amr` go with it. */
  readonly sessionEnded: boolean;
  readonly codeHash?: string;
  readonly accessTokenHash?: string;
}

const ACR = 'goauthentik.io/providers/oauth2/default';

/** Claims of an ID token; an access token has these and three more. */
export function idTokenClaims(grant: Grant, context: ClaimsContext): TokenClaims {
  const { habits, nowSeconds } = context;
  const session = context.sessionEnded ? undefined : grant.session;
  const mapped = grant.provider.includeClaimsInIdToken ? mappingClaims(grant.provider, grant.user, grant.scopes) : {};
  return deepMerge(
    withoutUndefined({
      iss: context.issuer,
      sub: subject(grant.provider, grant.user),
      aud: grant.provider.clientId,
      exp: nowSeconds + context.expiresInSeconds,
      iat: nowSeconds,
      auth_time: grant.authTime,
      acr: ACR,
      amr: habits.amr && session ? ['pwd'] : undefined,
      c_hash: context.codeHash,
      nonce: grant.nonce,
      at_hash: context.accessTokenHash,
      sid: habits.sid && session ? sidOf(session) : undefined,
      jti: habits.jti ? randomLettersAndDigits(40) : undefined,
    }),
    mapped,
  );
}

/** Claims of an access token: those of the ID token, `azp`, `uid` and by version `scope`. */
export function accessTokenClaims(grant: Grant, context: ClaimsContext): TokenClaims {
  const claims = idTokenClaims(grant, context);
  const mappedScope = context.habits.scopeClaimFromMapping ? claims['scope'] : undefined;
  return {
    ...claims,
    azp: grant.provider.clientId,
    uid: randomLettersAndDigits(40),
    ...(context.habits.scopeClaim && { scope: mappedScope ?? grant.scopes.join(' ') }),
  };
}

/**
 * Claims that the granted scopes' mappings give now. Merged in alphabetical order of the scopes, lists joined; a mapping
 * that fails or gives no object is passed over.
 */
export function mappingClaims(provider: Provider, user: User, scopes: readonly string[]): Record<string, unknown> {
  let claims: Record<string, unknown> = {};
  for (const scope of scopes.toSorted()) {
    try {
      const mapped = provider.scopeMappings.get(scope)?.(user, provider.application);
      if (isObject(mapped)) claims = deepMerge(claims, mapped);
    } catch {
      // As Authentik does: the person is signed in without these claims.
    }
  }
  return claims;
}

/** `sub`, as the provider's mode makes it. */
export function subject(provider: Provider, user: User): string {
  switch (provider.subMode) {
    case 'user_id':
      return String(user.pk);
    case 'user_uuid':
      return user.uuid;
    case 'user_username':
      return user.username;
    case 'user_email':
      return user.email;
    case 'user_upn': {
      const upn = user.attributes['upn'];
      return typeof upn === 'string' ? upn : user.uid;
    }
    default:
      return user.uid;
  }
}

/** `c_hash` or `at_hash` of a value: the left half of its SHA-256. */
export function halfHash(value: string): string {
  return createHash('sha256').update(value).digest().subarray(0, 16).toString('base64url');
}

function deepMerge(base: Record<string, unknown>, over: Record<string, unknown>): Record<string, unknown> {
  const merged = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const old = merged[key];
    if (Array.isArray(old) && Array.isArray(value)) merged[key] = [...(old as unknown[]), ...(value as unknown[])];
    else if (isObject(old) && isObject(value)) merged[key] = deepMerge(old, value);
    else merged[key] = value;
  }
  return merged;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function withoutUndefined(claims: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== undefined));
}
