import type { TokenEndpointResponse } from 'openid-client';

import { parseScope } from '../../protocol/scope.js';

/** What Authentik's token endpoint gives. */
export interface AuthentikTokenSet {
  readonly accessToken: string;
  /** Only with `offline_access`. Authentik replaces it at each use; keep the newest. */
  readonly refreshToken?: string;
  /** `Bearer`. */
  readonly tokenType: string;
  /** Life of the access token from now, in seconds. */
  readonly expiresInSeconds: number;
  /** Scopes that were granted; empty where Authentik does not say (before 2025.2). */
  readonly scope: readonly string[];
  /** Only with `openid`. */
  readonly idToken?: string;
}

/** @param keptRefreshToken the one to go on with when the answer has none: Authentik keeps it then */
export function toTokenSet(response: TokenEndpointResponse, keptRefreshToken?: string): AuthentikTokenSet {
  const refreshToken = response.refresh_token ?? keptRefreshToken;
  return Object.freeze({
    accessToken: response.access_token,
    ...(refreshToken !== undefined && { refreshToken }),
    tokenType: 'Bearer',
    // Authentik always says it; without it nothing may be assumed.
    expiresInSeconds: response.expires_in ?? 0,
    scope: parseScope(response.scope),
    ...(response.id_token !== undefined && { idToken: response.id_token }),
  });
}
