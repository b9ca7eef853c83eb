import { createHash } from 'node:crypto';
import type { Provider, User } from '../directory/entries.js';
import type { Expiring } from './expiring-map.js';
import type { FlowPlan } from './flow-plan.js';

/** Claims as they stand in a token. */
export type TokenClaims = Readonly<Record<string, unknown>>;

/** A browser's session, signed in or not. */
export interface BrowserSession extends Expiring {
  /** Value of the cookie. Changes at sign-in. */
  readonly key: string;
  user?: User;
  /** Last sign-in, in seconds since 1970. */
  authTime?: number;
  /** How often somebody signed in, and how often that had been when a request last demanded it. */
  signIns: number;
  signInsWhenDemanded?: number;
  /** Language that a request asked for; its pages follow. */
  locale?: string;
  /** A flow that ends this session, or a visit in it. */
  wayOut?: WayOut;
  /** The way through a flow that the browser is on. */
  plan?: FlowPlan;
  /** The page of the sign-in was opened: another request of the browser waits until it is done. */
  signInOpened?: boolean;
  /** Requests that wait for a sign-in of the same browser: address by id. */
  buffered?: Map<string, string>;
}

/** A flow that ends something and is under way: what its pages still have to do. */
export interface WayOut {
  readonly flow: string;
  readonly stages: readonly ('user-logout' | 'session-end')[];
  /** Whose end-session began it. */
  readonly provider?: Provider;
  /** Where the last stage leads, in place of a page. */
  readonly redirectTo?: string;
}

/** What a grant carries from the authorization request to every token that comes of it. */
export interface Grant {
  readonly provider: Provider;
  readonly user: User;
  /** Granted scopes, sorted. */
  readonly scopes: readonly string[];
  /** Session that it came from; absent for machine grants. */
  readonly session?: BrowserSession;
  readonly authTime: number;
  readonly nonce?: string;
}

/** An authorization code that was not redeemed yet. */
export interface AuthorizationCode extends Expiring {
  readonly grant: Grant;
  readonly codeChallenge?: string;
  readonly codeChallengeMethod: 'plain' | 'S256';
}

/** A stored token: what userinfo, introspection and revocation look up. */
export interface StoredToken extends Expiring {
  readonly kind: 'access' | 'refresh';
  readonly grant: Grant;
  /** Claims of the ID token that belongs to it, as of issue: what introspection tells. */
  readonly claims: TokenClaims;
  /** A refresh token that was replaced. */
  revoked: boolean;
  /** When that was, in milliseconds since 1970. */
  replacedAtMs?: number;
}

/** @returns `sid` of a session's tokens */
export function sidOf(session: BrowserSession): string {
  return createHash('sha256').update(session.key).digest('hex');
}
