import type { Configuration } from 'openid-client';

/** What Authentik is told when a session ends. */
export interface EndSession {
  /** The session's ID token. Needed for a way back, since Authentik 2026.5. */
  readonly idTokenHint?: string;
  /** Where to come back to; an entry of type "Logout" among the provider's redirect URIs. Since Authentik 2026.5. */
  readonly postLogoutRedirectUri?: string;
  /** Comes back with the browser. */
  readonly state?: string;
}

export async function endSessionUrl(
  configuration: Configuration,
  { idTokenHint, postLogoutRedirectUri, state }: EndSession,
): Promise<URL> {
  const { buildEndSessionUrl } = await import('openid-client');
  return buildEndSessionUrl(configuration, {
    ...(idTokenHint !== undefined && { id_token_hint: idTokenHint }),
    ...(postLogoutRedirectUri !== undefined && { post_logout_redirect_uri: postLogoutRedirectUri }),
    ...(state !== undefined && { state }),
  });
}
