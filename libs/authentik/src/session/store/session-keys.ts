import { hash } from 'node:crypto';

// 128 bits are enough to be told apart by. Joined, and not added, for what is added stays in pieces in memory.
const digest = (...parts: string[]) => hash('sha256', JSON.stringify(parts), 'base64url').slice(0, 22);
const join = (kind: string, name: string) => [kind, name].join(':');

/** An Authentik session: `sid` of one issuer. */
export interface IssuedSession {
  readonly issuer: string;
  readonly sessionId: string;
}

/** A person: `sub` of one issuer. Another issuer may give the same `sub` to somebody else. */
export interface IssuedSubject {
  readonly issuer: string;
  readonly subject: string;
}

/**
 * Where a session is: under its id as it is, which other keys, with their colons, are never like, and of which memory so
 * holds one copy. The id alone opens nothing: cookies are signed.
 */
export const sessionKey = (sid: string): string => sid;
/** That a session has ended, where a store of somebody else may bring it back. */
export const endedKey = (sid: string): string => join('session-ended', sid);
export const lockKey = (sid: string): string => join('session-lock', sid);
export const sessionIndexKey = ({ issuer, sessionId }: IssuedSession): string =>
  join('sessions-of-sid', digest(issuer, sessionId));
export const subjectIndexKey = ({ issuer, subject }: IssuedSubject): string =>
  join('sessions-of-sub', digest(issuer, subject));

/** The id under which a store of `express-session` keeps the sealed tokens of a session; no cookie can name it. */
export const tokensId = (sid: string): string => `tokens.${sid}`;
