import type { AuthentikClaims } from './claims.types.js';
import { isListOfTexts } from './list-of-texts.js';
import { parseScope } from './scope.js';

/** Who is asking: one type for people and machines, whatever credential they came with. */
export interface AuthentikUser {
  /** `sub`: the only stable identity. */
  readonly id: string;
  /** `preferred_username`, else `email`, else `sub`. For display, not an identity. */
  readonly username: string;
  /** Never an identity: Authentik lets several people have one address. */
  readonly email?: string;
  readonly emailVerified?: boolean;
  /** `name`, else the username. */
  readonly name: string;
  readonly givenName?: string;
  readonly familyName?: string;
  /** Names of the Authentik groups (scope `profile`). Empty unless the claim is an array of strings only. */
  readonly groups: readonly string[];
  /**
   * Whether `groups` tells all of them. False where the claim is absent or not an array of strings only: the token lacks
   * the scope `profile`, or the provider has no mapping for groups. `@ProhibitedGroups` then refuses. A `mapUser` that
   * knows the groups from elsewhere sets it to true.
   */
  readonly groupsKnown: boolean;
  /**
   * Scopes of the token; empty before Authentik 2025.10, which does not write them into tokens, and of a token that only
   * UserInfo has judged.
   */
  readonly scopes: readonly string[];
  /** `service` for the service account behind a client_credentials token. */
  readonly kind: 'person' | 'service';
  readonly credential: 'session' | 'bearer';
  readonly issuer: string;
  /** `azp`: the OAuth client that the token was issued to; empty where only UserInfo has judged, which does not tell. */
  readonly clientId: string;
  /** `sid`: the Authentik session, where there is one. */
  readonly sessionId?: string;
  /** `jti`, since Authentik 2025.10. */
  readonly tokenId?: string;
  /** Epoch seconds. */
  readonly expiresAt: number;
  /** All claims as on the wire; `iss`, `sub`, `aud` and `exp` alone with `tokens.keepClaims: false`. */
  readonly claims: AuthentikClaims;
}

const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

/**
 * Service accounts that Authentik makes for client_credentials are called `ak-<provider>-client_credentials`, and
 * their tokens belong to no browser session. Both must hold: a person may choose any user name.
 */
function isServiceAccount(claims: AuthentikClaims): boolean {
  const username = text(claims.preferred_username) ?? '';
  return claims.sid === undefined && /^ak-.+-client_credentials$/u.test(username);
}

/**
 * Maps verified claims to the user. Judges nothing. Frozen, claims included: the same user serves many requests.
 * @param kept what the user shows of the claims; default all
 */
export function toAuthentikUser(
  claims: AuthentikClaims,
  credential: AuthentikUser['credential'],
  kept: AuthentikClaims = claims,
): AuthentikUser {
  freeze(claims);
  if (kept !== claims) freeze(kept);
  const { groups } = claims;
  const groupsKnown = isListOfTexts(groups);
  const email = text(claims.email);
  const username = text(claims.preferred_username) ?? email ?? claims.sub;
  const givenName = text(claims.given_name);
  const familyName = text(claims.family_name);
  // No spreads of what may be absent: each of them is a copy, and this is done for every token that is not remembered.
  const user: Mutable<AuthentikUser> = {
    id: claims.sub,
    username,
    name: text(claims.name) ?? username,
    groups: groupsKnown ? groups : [],
    groupsKnown,
    scopes: parseScope(claims.scope),
    kind: isServiceAccount(claims) ? 'service' : 'person',
    credential,
    issuer: claims.iss,
    clientId: claims.azp ?? (typeof claims.aud === 'string' ? claims.aud : ''),
    expiresAt: claims.exp,
    claims: kept,
  };
  if (email !== undefined) user.email = email;
  if (typeof claims.email_verified === 'boolean') user.emailVerified = claims.email_verified;
  if (givenName !== undefined) user.givenName = givenName;
  if (familyName !== undefined) user.familyName = familyName;
  if (claims.sid !== undefined) user.sessionId = claims.sid;
  if (claims.jti !== undefined) user.tokenId = claims.jti;
  return Object.freeze(user);
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

/** To the ground; claims come from JSON, so nothing in them points back. */
function freeze(value: unknown): void {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return;
  Object.freeze(value);
  if (Array.isArray(value)) value.forEach(freeze);
  else for (const name in value) freeze((value as Record<string, unknown>)[name]);
}
