import { createLocalJWKSet, jwtVerify, type JSONWebKeySet } from 'jose';
import { startEmbeddedAuthentik, type EmbeddedAuthentik } from 'nestjs-authentik-testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Browser } from './browser.js';
import { authorizeUrl, CALLBACK, CHALLENGE, redeem, signInForCode, VERIFIER } from './client.js';

let authentik: EmbeddedAuthentik;
beforeAll(async () => {
  authentik = await startEmbeddedAuthentik({ password: 'correct-horse' });
});
afterAll(() => authentik.stop());

const pkce = { code_challenge: CHALLENGE, code_challenge_method: 'S256' };

const ask = (parameters: Record<string, string | undefined>) =>
  new Browser().request(authorizeUrl(authentik, parameters));

describe('code flow with PKCE', () => {
  it('takes a person from the authorization request over the sign-in page to verifiable tokens', async () => {
    const browser = new Browser();
    const back = await browser.authorize(
      authorizeUrl(authentik, { ...pkce, nonce: 'n-1', resource: 'https://mcp.example/mcp' }),
      { username: 'alice', password: authentik.password },
    );
    expect(back.href).toMatch(/^http:\/\/127\.0\.0\.1:49152\/callback\?code=[0-9a-f]{32}&state=st-123$/);

    const { status, headers, body } = await redeem(authentik, back.searchParams.get('code') ?? '', {
      code_verifier: VERIFIER,
      resource: 'https://mcp.example/mcp',
    });
    expect(status).toBe(200);
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('content-type')).toBe('application/json');
    expect(Object.keys(body)).toEqual(['access_token', 'token_type', 'scope', 'expires_in', 'id_token']);
    expect(body).toMatchObject({ token_type: 'Bearer', scope: 'email openid profile', expires_in: 3600 });

    const issuer = authentik.issuer('mcp-server');
    const keys = (await (await fetch(`${issuer}jwks/`)).json()) as JSONWebKeySet;
    const { payload, protectedHeader } = await jwtVerify(String(body['access_token']), createLocalJWKSet(keys), {
      issuer,
    });
    expect(protectedHeader).toEqual({ alg: 'RS256', kid: keys.keys[0]?.kid, typ: 'JWT' });
    expect(payload).toMatchObject({
      aud: 'mcp-server',
      azp: 'mcp-server',
      acr: 'goauthentik.io/providers/oauth2/default',
      amr: ['pwd'],
      nonce: 'n-1',
      email: 'alice@example.test',
      email_verified: false,
      preferred_username: 'alice',
      nickname: 'alice',
      groups: ['engineering', 'mcp-users'],
      scope: 'email openid profile',
    });
    expect(payload.sub).toMatch(/^[0-9a-f]{64}$/);
    expect(payload['sid']).toMatch(/^[0-9a-f]{64}$/);
    expect(payload['uid']).toMatch(/^[A-Za-z0-9]{40}$/);
    expect(payload.jti).toMatch(/^[A-Za-z0-9]{40}$/);
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(3600);
    for (const absent of ['client_id', 'username', 'nbf', 'at_hash']) expect(payload).not.toHaveProperty(absent);

    const idToken = await jwtVerify(String(body['id_token']), createLocalJWKSet(keys), {
      issuer,
      audience: 'mcp-server',
    });
    for (const absent of ['azp', 'uid', 'scope', 'at_hash']) expect(idToken.payload).not.toHaveProperty(absent);
  });

  it('asks nobody twice: a browser that is signed in gets the next code at once', async () => {
    const browser = new Browser();
    await signInForCode(authentik, {}, 'bob', browser);
    const again = await browser.request(authorizeUrl(authentik, { state: undefined }));
    expect(again.status).toBe(302);
    expect(again.headers.get('location')).toMatch(/\/callback\?code=[0-9a-f]{32}&state=$/);
    const forced = await browser.request(authorizeUrl(authentik, { prompt: 'login' }));
    expect(forced.headers.get('location')).toMatch(/^\/if\/flow\/default-authentication-flow\/\?/);
    const after = await browser.authorize(authorizeUrl(authentik, { prompt: 'login' }), {
      username: 'bob',
      password: authentik.password,
    });
    expect(after.searchParams.has('code')).toBe(true);
  });

  it('refuses a wrong password with a page that says so, and takes the right one', async () => {
    const url = `${authentik.url}/if/flow/default-authentication-flow/?next=%2F`;
    const browser = new Browser();
    const wrong = await browser.request(url, {
      method: 'POST',
      body: new URLSearchParams({ uid_field: 'alice"><b>', password: 'x' }),
    });
    const page = await wrong.text();
    expect(wrong.status).toBe(200);
    expect(page).toContain('role="alert">Invalid password');
    expect(page).toContain('value="alice&quot;&gt;&lt;b&gt;"');
    const right = await browser.request(url, {
      method: 'POST',
      body: new URLSearchParams({ uid_field: 'alice@example.test', password: 'correct-horse' }),
    });
    expect(right.status).toBe(302);
    expect(right.headers.get('location')).toBe('/');
  });

  it.each(['//evil.example/', 'https://evil.example/', '/\\evil.example'])(
    'never leads from the sign-in to %s',
    async (next) => {
      const url = `${authentik.url}/if/flow/default-authentication-flow/?next=${encodeURIComponent(next)}`;
      const response = await new Browser().request(url, {
        method: 'POST',
        body: new URLSearchParams({ uid_field: 'alice', password: 'correct-horse' }),
      });
      expect(response.headers.get('location')).toBeNull();
      expect(await response.text()).toContain('Invalid next URL');
    },
  );
});

describe('authorization errors', () => {
  it.each([
    ['no client', { client_id: undefined }, 'Client ID Error'],
    ['no redirect URI', { redirect_uri: undefined }, 'Redirect URI Error'],
    ['text around a redirect URI that matches', { redirect_uri: `x${CALLBACK}` }, 'Redirect URI Error'],
    ['another host behind a loopback name', { redirect_uri: 'http://localhost.evil.example/' }, 'Redirect URI Error'],
  ])('%s is a page, not a redirect', async (_, parameters, heading) => {
    const response = await ask(parameters);
    expect(response.status).toBe(400);
    expect(response.headers.has('location')).toBe(false);
    expect(await response.text()).toContain(`<h1>${heading}</h1>`);
  });

  it.each([
    ['http://localhost:1/callback'],
    ['http://[::1]:8080/any/path?x=1'],
    ['http://127.0.0.1/'],
    ['https://claude.ai/api/mcp/auth_callback'],
    ['https://chatgpt.com/connector/oauth/abc123'],
    ['cursor://anysphere.cursor-mcp/oauth/callback'],
    ['https://vscode.dev/redirect'],
    ['https://insiders.vscode.dev/redirect'],
  ])('%s is a callback of the seeded client', async (redirect_uri) => {
    const response = await ask({ redirect_uri });
    expect(response.status).toBe(302);
    expect(response.headers.get('location')).toMatch(/^\/if\/flow\//);
  });

  it.each([
    [{ response_type: 'token' }, 'unsupported_response_type', '?'],
    [{ response_type: 'token id_token' }, 'unsupported_response_type', '?'],
    [{ prompt: 'none' }, 'login_required', '?'],
    [{ code_challenge: 'x', code_challenge_method: 'S512' }, 'invalid_request', '?'],
    [{ response_type: 'id_token' }, 'invalid_request', '#'],
    [{ response_type: 'id_token', nonce: 'n', scope: 'profile' }, 'invalid_scope', '#'],
    [{ request: 'x' }, 'request_not_supported', '?'],
  ])('%o is told the client: %s', async (parameters, error, separator) => {
    const location = (await ask(parameters)).headers.get('location') ?? '';
    expect(location).toMatch(
      new RegExp(
        `^http://127\\.0\\.0\\.1:49152/callback\\${separator}error=${error}&error_description=[^&+]+&state=st-123$`,
      ),
    );
  });

  it('can redirect a success to a custom scheme, but no error', async () => {
    const redirect_uri = 'cursor://anysphere.cursor-mcp/oauth/callback';
    const failed = await ask({ redirect_uri, prompt: 'none' });
    expect(failed.status).toBe(400);
    expect(await failed.text()).toContain('<h1>Bad Request</h1>');
    const browser = new Browser();
    await signInForCode(authentik, {}, 'alice', browser);
    const fine = await browser.request(authorizeUrl(authentik, { redirect_uri }));
    expect(fine.headers.get('location')).toMatch(/^cursor:\/\/anysphere\.cursor-mcp\/oauth\/callback\?code=/);
  });
});
