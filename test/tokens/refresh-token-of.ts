import type { EmbeddedAuthentik } from 'nestjs-authentik-testing';
import {
  allowInsecureRequests,
  authorizationCodeGrant,
  buildAuthorizationUrl,
  calculatePKCECodeChallenge,
  discovery,
  None,
  randomPKCECodeVerifier,
} from 'openid-client';

import { signIn } from '../harness/sign-in.js';

/** A refresh token as the public client `mcp-server` gets it: by code and PKCE. */
export async function refreshTokenOf(authentik: EmbeddedAuthentik, username: string): Promise<string> {
  const configuration = await discovery(new URL(authentik.issuer()), 'mcp-server', undefined, None(), {
    execute: [allowInsecureRequests],
  });
  const pkceCodeVerifier = randomPKCECodeVerifier();
  const url = buildAuthorizationUrl(configuration, {
    redirect_uri: 'http://localhost:33333/callback',
    scope: 'openid profile offline_access',
    code_challenge: await calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: 'S256',
    state: 'of-this-login',
  });
  const callback = await signIn(url, authentik.credentials(username));
  const { refresh_token: refreshToken = '' } = await authorizationCodeGrant(configuration, callback, {
    pkceCodeVerifier,
    expectedState: 'of-this-login',
  });
  return refreshToken;
}
