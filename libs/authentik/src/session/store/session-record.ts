import type { AuthentikClaims } from '../../protocol/claims.types.js';
import { type AuthentikUser, toAuthentikUser } from '../../protocol/user.js';

/** Where our part of an express-session is. */
export const recordKey = 'authentik';

/** What a session of `express-session` keeps for us. No token is in it; those are sealed in a place of their own. */
export interface SessionRecord {
  /** Claims of the ID token, or newer ones of UserInfo. */
  readonly claims: AuthentikClaims;
  /** Scopes that were granted, as a spaced list. */
  readonly scope: string;
  /** Epoch seconds. */
  readonly signedInAt: number;
  /** When the claims were read again, in epoch seconds; absent where they are those of the sign-in. */
  readonly claimsReadAt?: number;
  /** When the kept access token expires, in epoch seconds; absent where none is kept. */
  readonly accessTokenExpiresAt?: number;
}

/** A session of `express-session` with our part in it, if it has one. */
export interface SessionWithRecord {
  [recordKey]?: SessionRecord;
}

/** Our part of a session; `undefined` where nobody signed in. */
export function recordOf(session: unknown): SessionRecord | undefined {
  return (session as SessionWithRecord | null | undefined)?.[recordKey];
}

/** Whose session it is. `expiresAt` is the end of the session, whatever the token says. */
export function userOf(record: SessionRecord, absoluteSeconds: number): AuthentikUser {
  const { claims, scope, signedInAt } = record;
  return Object.freeze({
    ...toAuthentikUser({ ...claims, scope: claims.scope ?? scope }, 'session'),
    claims,
    expiresAt: signedInAt + absoluteSeconds,
  });
}
