/**
 * Claims of an Authentik access token, in wire spelling. Scope mappings can add any other.
 * @see https://docs.goauthentik.io/add-secure-apps/providers/oauth2/
 */
export interface AuthentikClaims {
  readonly iss: string;
  readonly sub: string;
  /** Authentik writes the client id as a plain string; a mapping may turn it into a list. */
  readonly aud: string | readonly string[];
  readonly exp: number;
  readonly iat?: number;
  readonly nbf?: number;
  /** Client the token was issued to. Access tokens only. */
  readonly azp?: string;
  /** Random value, new for each token. Access tokens only. */
  readonly uid?: string;
  /** Spaced list. In the token since Authentik 2025.10. */
  readonly scope?: string;
  readonly sid?: string;
  readonly jti?: string;
  readonly email?: string;
  readonly email_verified?: boolean;
  readonly name?: string;
  readonly given_name?: string;
  readonly family_name?: string;
  readonly preferred_username?: string;
  readonly groups?: readonly string[];
  readonly [claim: string]: unknown;
}
