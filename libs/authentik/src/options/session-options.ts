import type { IncomingMessage } from 'node:http';

import type { AuthentikUser } from '../protocol/user.js';

/** What a store of `express-session` is, as far as it matters here. */
export interface ExpressSessionStore {
  get(sid: string, callback: (error: unknown, session?: object | null) => void): unknown;
  // `never`: each store declares what it takes in its own way.
  set(sid: string, session: never, callback?: (error?: unknown) => void): unknown;
  destroy(sid: string, callback?: (error?: unknown) => void): unknown;
}

/** Why a session is over. */
export type SessionEnd =
  /** The person signed out here. */
  | 'logout'
  /** Authentik said that its own session is over. */
  | 'backchannel_logout'
  /** Somebody else, or the same person anew, signed in with that browser. */
  | 'replaced'
  /**
   * Authentik refused to refresh the tokens, since the account is deactivated, or its grant was revoked or has ended; or
   * what it tells of the user is about somebody else.
   */
  | 'grant_ended'
  /** `session.absoluteSeconds` are over. */
  | 'expired'
  /** The app itself ended it. */
  | 'revoked';

/** Browser sessions, for the feature `session`. */
export class AuthentikSessionOptions {
  /**
   * Secrets that sign the cookie and seal the tokens, the newest first. At least 32 characters each, from
   * `openssl rand -base64 32`. To change it, put a new one in front and take the old one out once `absoluteSeconds` are
   * over. Without one a new one is made at each start, which in production stops the start.
   */
  secrets?: string[];

  /**
   * Name of the cookie. Default `__Host-authentik`, and `authentik` while `publicUrl` is plain http, where browsers take no
   * such prefix. With `mount: false` the name is the app's.
   */
  cookieName?: string;

  /**
   * A session ends when nothing was asked for so long, in seconds, 60 to 30 days. It may end a tenth of that, and at most
   * a minute, early. Default 3600.
   */
  idleSeconds?: number = 3600;

  /** A session ends so long after the sign-in, in seconds, 60 to 90 days. Default 43200, which is 12 hours. */
  absoluteSeconds?: number = 43_200;

  /**
   * How old the groups of a session may become, in seconds, 5 to 86400. Older ones are read again from Authentik, so that
   * a member who is removed loses access without signing out. Turns `keepTokens` on; needs `offline_access` in `scopes`.
   * Default: the groups of the sign-in count as long as the session does.
   */
  membershipMaxAgeSeconds?: number;

  /**
   * Whether the access token and the refresh token are kept, sealed, and refreshed before they expire. The session ends
   * when Authentik refuses that. The ID token is always kept, for signing out. Default false.
   */
  keepTokens?: boolean = false;

  /**
   * A store of `express-session`, such as `connect-redis`. Default: our own, in `redis` or `store` where the options
   * name one, else in this process.
   */
  store?: ExpressSessionStore;

  /**
   * Whether this library runs `express-session`. `false`: the app does so already, before its routes, and ours are kept
   * in that one. Default true.
   */
  mount?: boolean = true;

  /** How many sign-ins one address may begin within a minute; 0 for no limit. Needs `@nestjs/throttler`. Default 60. */
  maxLoginsPerMinute?: number = 60;

  /** How many sign-ins one address may finish, or try to, within a minute; 0 for no limit. Default 60. */
  maxCallbacksPerMinute?: number = 60;

  /**
   * How many logout tokens that are refused one address may send within a minute; 0 for no limit. Those of Authentik
   * are not counted, and get through however many others were refused. Default 1200.
   */
  maxLogoutTokensPerMinute?: number = 1200;
}

/**
 * Called with everybody who signs in, before their session begins; an app keeps its own record of them here. Throw a
 * {@link LoginRefusedError} to let somebody not in; its message is shown to them.
 */
export type OnLogin = (user: AuthentikUser, request: IncomingMessage) => void | Promise<void>;

/** Called when a session has ended, unless it just ran out of time. What it throws is logged and changes nothing. */
export type OnLogout = (user: AuthentikUser, reason: SessionEnd) => void | Promise<void>;

/** The options of sessions after checks and defaults. Frozen; the secrets are not enumerable. */
export interface ResolvedSessionOptions {
  /** At least one, the newest first. */
  readonly secrets: readonly string[];
  readonly cookieName: string;
  readonly idleSeconds: number;
  readonly absoluteSeconds: number;
  readonly membershipMaxAgeSeconds?: number;
  readonly keepTokens: boolean;
  readonly store?: ExpressSessionStore;
  readonly mount: boolean;
  readonly maxLoginsPerMinute: number;
  readonly maxCallbacksPerMinute: number;
  readonly maxLogoutTokensPerMinute: number;
  /** Whether the secret was made at this start, so that no session outlives this process. */
  readonly isSecretMade: boolean;
}
