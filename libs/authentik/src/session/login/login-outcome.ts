import type { AuthentikClaims } from '../../protocol/claims.types.js';

/** What a browser wants when it begins a sign-in. */
export interface LoginRequest {
  readonly browser: string;
  /** A URL of our own. */
  readonly returnTo: string;
  readonly prompt?: string;
  readonly loginHint?: string;
}

/** What Authentik says when somebody has signed in, all of it verified. */
export interface LoginOutcome {
  readonly claims: AuthentikClaims;
  readonly scope: string;
  readonly idToken: string;
  readonly accessToken: string;
  readonly refreshToken?: string;
  /** Life of the access token from now, in seconds. */
  readonly expiresInSeconds: number;
}
