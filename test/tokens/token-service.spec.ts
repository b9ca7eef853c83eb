import type { INestApplication } from '@nestjs/common';
import { calculatePKCECodeChallenge, randomPKCECodeVerifier } from 'openid-client';
import {
  AuthentikTokenService,
  AuthentikUnavailableError,
  TokenGrantError,
  TokenVerificationError,
} from 'nestjs-authentik';
import { type EmbeddedAuthentik, startEmbeddedAuthentik } from 'nestjs-authentik-testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { letPass } from '../harness/let-pass.js';
import { startRestApp } from '../harness/rest-app.js';
import { signIn } from '../harness/sign-in.js';

const redirectUri = 'http://localhost:33333/callback';

let authentik: EmbeddedAuthentik;
let app: INestApplication;
let tokens: AuthentikTokenService;

async function start(clientType: 'public' | 'confidential', tokenEndpointAuthMethod?: 'client_secret_basic') {
  authentik = await startEmbeddedAuthentik({ applications: [{ slug: 'mcp-server', clientType }] });
  const [application] = authentik.applications;
  app = await startRestApp(authentik.url, {
    controllers: [],
    options: {
      ...(clientType === 'confidential' && application !== undefined && { clientSecret: application.clientSecret }),
      ...(tokenEndpointAuthMethod !== undefined && { tokenEndpointAuthMethod }),
    },
  });
  tokens = app.get(AuthentikTokenService);
}
afterEach(async () => {
  await app.close();
  await authentik.stop();
});

/** Tokens as a client gets them: by code and PKCE, through the configuration that the service hands out. */
async function grantedTo(username: string) {
  const { authorizationCodeGrant, buildAuthorizationUrl } = await import('openid-client');
  const configuration = await tokens.openidClient();
  const pkceCodeVerifier = randomPKCECodeVerifier();
  const url = buildAuthorizationUrl(configuration, {
    redirect_uri: redirectUri,
    scope: 'openid profile email offline_access',
    code_challenge: await calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: 'S256',
    state: 'of-this-login',
  });
  const callback = await signIn(url, { username, password: authentik.password });
  const granted = await authorizationCodeGrant(configuration, callback, {
    pkceCodeVerifier,
    expectedState: 'of-this-login',
  });
  return {
    accessToken: granted.access_token,
    refreshToken: granted.refresh_token ?? '',
    idToken: granted.id_token ?? '',
  };
}

const callsTo = (path: string) => authentik.requests.filter((request) => request.path.endsWith(path)).length;
const failureOf = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );

describe.each([
  ['a public client', 'public', undefined],
  ['a confidential client by post', 'confidential', undefined],
  ['a confidential client by Basic', 'confidential', 'client_secret_basic'],
] as const)('AuthentikTokenService of %s', (_what, clientType, method) => {
  beforeEach(() => start(clientType, method));

  it('refreshes: new tokens, and the old refresh token is of no use', async () => {
    const granted = await grantedTo('alice');
    const refreshed = await tokens.refreshToken(granted.refreshToken);
    expect(refreshed).toMatchObject({ tokenType: 'Bearer', scope: ['email', 'offline_access', 'openid', 'profile'] });
    expect(refreshed.expiresInSeconds).toBeGreaterThan(0);
    expect(refreshed.refreshToken).not.toBe(granted.refreshToken);
    expect((await tokens.verifyToken(refreshed.accessToken)).username).toBe('alice');
    const again = await failureOf(tokens.refreshToken(granted.refreshToken));
    expect(again).toBeInstanceOf(TokenGrantError);
    expect(again).toMatchObject({ reason: 'invalid_grant', isGrantEnded: true });
  });

  it('makes one request of a hundred concurrent refreshes', async () => {
    const { refreshToken } = await grantedTo('alice');
    const before = callsTo('/token/');
    const all = await Promise.all(Array.from({ length: 100 }, () => tokens.refreshToken(refreshToken)));
    expect(callsTo('/token/') - before).toBe(1);
    expect(new Set(all.map(({ accessToken }) => accessToken)).size).toBe(1);
  });

  it('says of a lost answer that the grant is over, and sends nothing twice', async () => {
    const { refreshToken } = await grantedTo('alice');
    const before = callsTo('/token/');
    await authentik.fault('drop', { endpoint: 'token' });
    const failure = await failureOf(tokens.refreshToken(refreshToken));
    expect(failure).toMatchObject({ reason: 'outcome_unknown', isGrantEnded: true });
    expect(callsTo('/token/') - before).toBeLessThanOrEqual(1);
  });

  it('leaves the refresh token alone when nothing was sent', async () => {
    const { refreshToken } = await grantedTo('alice');
    await authentik.fault('down');
    // Uses up the connection that was kept open, on which nobody could tell what arrived.
    expect(await failureOf(tokens.fetchUserInfo('any'))).toBeInstanceOf(AuthentikUnavailableError);
    expect(await failureOf(tokens.refreshToken(refreshToken))).toBeInstanceOf(AuthentikUnavailableError);
    await authentik.clearFaults();
    expect((await tokens.refreshToken(refreshToken)).accessToken).not.toBe('');
  });

  it('fetches the claims as they are now', async () => {
    const { accessToken } = await grantedTo('alice');
    expect(await tokens.fetchUserInfo(accessToken)).toMatchObject({ preferred_username: 'alice' });
    const foreign = await failureOf(tokens.fetchUserInfo('nonsense'));
    expect(foreign).toMatchObject({ reason: 'inactive' });
    expect(foreign).toBeInstanceOf(TokenVerificationError);
  });

  it('knows where a session ends', async () => {
    const { idToken } = await grantedTo('alice');
    const url = await tokens.endSessionUrl({ idTokenHint: idToken, postLogoutRedirectUri: 'http://localhost:3000/' });
    expect(url.pathname).toBe('/application/o/mcp-server/end-session/');
    expect(url.searchParams.get('id_token_hint')).toBe(idToken);
    expect(url.searchParams.get('post_logout_redirect_uri')).toBe('http://localhost:3000/');
  });

  it('revokes: Authentik does not know the token any more', async () => {
    const { accessToken, refreshToken } = await grantedTo('alice');
    await tokens.revokeToken(accessToken, 'access_token');
    expect(await failureOf(tokens.fetchUserInfo(accessToken))).toMatchObject({ reason: 'inactive' });
    await tokens.revokeToken(refreshToken, 'refresh_token');
    expect(await failureOf(tokens.refreshToken(refreshToken))).toMatchObject({ reason: 'invalid_grant' });
  });

  it('introspects with a secret, and without one says what is missing', async () => {
    const { accessToken } = await grantedTo('alice');
    if (clientType === 'public') {
      await expect(tokens.introspectToken(accessToken)).rejects.toThrow('clientSecret: is missing');
      return;
    }
    expect(await tokens.introspectToken(accessToken)).toMatchObject({ active: true, client_id: 'mcp-server' });
    expect(await tokens.introspectToken('nonsense')).toMatchObject({ active: false });
  });

  it('says what was expected where it is given something else than a token, and never what was given', async () => {
    const { accessToken } = await grantedTo('alice');
    for (const given of [undefined, null, 7, { accessToken }]) {
      const failure = await failureOf(tokens.verifyToken(given as never));
      expect(failure).toMatchObject({ reason: 'malformed', message: expect.stringMatching(/Expected was its text/u) });
      expect(await tokens.tryVerifyToken(given as never)).toBeNull();
    }
    for (const given of [`Bearer ${accessToken}`, 'bearer an-opaque-one']) {
      const failure = await failureOf(tokens.verifyToken(given));
      expect(failure).toMatchObject({ reason: 'malformed', message: expect.stringMatching(/without "Bearer"/u) });
      expect((failure as Error).message).not.toContain(given);
    }
  });

  it('hands no token to a log or an error', async () => {
    const { refreshToken } = await grantedTo('alice');
    await tokens.refreshToken(refreshToken);
    const failure = await failureOf(tokens.refreshToken(refreshToken));
    const { inspect } = await import('node:util');
    expect(inspect(failure, { depth: null, showHidden: true })).not.toContain(refreshToken);
  });

  it('gets tokens for the app itself with a secret, one request for all who ask, and says without one what is missing', async () => {
    if (clientType === 'public') {
      await expect(tokens.clientCredentials(['openid'])).rejects.toThrow('clientSecret: is missing');
      return;
    }
    const sets = await Promise.all(Array.from({ length: 20 }, () => tokens.clientCredentials(['openid', 'profile'])));
    expect(callsTo('/token/')).toBe(1);
    const [{ accessToken } = { accessToken: '' }] = sets;
    expect((await tokens.verifyToken(accessToken)).kind).toBe('service');
    await tokens.clientCredentials(['profile', 'openid']);
    expect(callsTo('/token/')).toBe(1);
    // Until shortly before it expires.
    letPass(3600 * 1000 - 20_000);
    expect((await tokens.clientCredentials(['openid', 'profile'])).accessToken).not.toBe(accessToken);
    expect(callsTo('/token/')).toBe(2);
  });

  it('exchanges a token only where Authentik does, and says its word where it does not', async () => {
    const { accessToken } = await grantedTo('alice');
    const refused = await failureOf(
      tokens.exchangeToken({ subjectToken: accessToken, audience: 'upstream', scopes: ['openid'] }),
    );
    expect(refused).toBeInstanceOf(TokenGrantError);
    expect(String(refused)).not.toContain(accessToken);
  });
});
