import { hash } from 'node:crypto';

const digest = (...parts: string[]) => hash('sha256', JSON.stringify(parts), 'base64url');

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

/** Where a session is. Its id alone opens nothing: cookies are signed. */
export const sessionKey = (sid: string): string => `session:${sid}`;
/** That a session has ended, where a store of somebody else may bring it back. */
export const endedKey = (sid: string): string => `session-ended:${sid}`;
export const lockKey = (sid: string): string => `session-lock:${sid}`;
export const sessionIndexKey = ({ issuer, sessionId }: IssuedSession): string =>
  `sessions-of-sid:${digest(issuer, sessionId)}`;
export const subjectIndexKey = ({ issuer, subject }: IssuedSubject): string =>
  `sessions-of-sub:${digest(issuer, subject)}`;

/** The id under which a store of `express-session` keeps the sealed tokens of a session; no cookie can name it. */
export const tokensId = (sid: string): string => `tokens.${sid}`;
