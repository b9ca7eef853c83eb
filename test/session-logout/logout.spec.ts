import type { INestApplication, LoggerService } from '@nestjs/common';
import expressSession from 'express-session';
import { decodeJwt } from 'jose';
import type { AuthentikOptions, AuthentikUser, SessionEnd } from 'nestjs-authentik';
import { type EmbeddedAuthentik, startEmbeddedAuthentik } from 'nestjs-authentik-testing';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';

import { FormBrowser } from '../harness/form-browser.js';
import { freePort } from '../harness/free-port.js';
import { recordLog } from '../harness/log-lines.js';
import { startRedis } from '../harness/redis-server.js';
import { startBrowserApp } from './app.js';

let authentik: EmbeddedAuthentik;
let app: INestApplication;
let origin: string;
let ended: [username: string, reason: SessionEnd][];

const onLogout = ({ username }: AuthentikUser, reason: SessionEnd) => void ended.push([username, reason]);

async function start(options: Partial<AuthentikOptions> = {}, logger?: LoggerService): Promise<void> {
  app = await startBrowserApp(authentik.url, { publicUrl: origin, onLogout, ...options }, logger);
  await app.listen(Number(new URL(origin).port));
  // An app does not wait for its Redis.
  const status = async () => (await fetch(`${origin}/auth/backchannel-logout`, { method: 'POST' })).status;
  await expect.poll(status, { timeout: 10_000 }).toBe(400);
}

beforeEach(async () => {
  ended = [];
  origin = `http://localhost:${await freePort()}`;
  authentik = await startEmbeddedAuthentik({
    applications: [
      {
        slug: 'mcp-server',
        clientType: 'public',
        invalidationFlow: 'default-invalidation-flow',
        logoutUri: `${origin}/auth/backchannel-logout`,
        redirectUris: [
          `${origin}/auth/callback`,
          { matchingMode: 'strict', url: `${origin}/auth/signed-out`, redirectUriType: 'logout' },
        ],
      },
      { slug: 'mobile' },
    ],
  });
});
afterEach(async () => {
  await app.close();
  await authentik.stop();
});

async function signedIn(username = 'alice'): Promise<FormBrowser> {
  const browser = new FormBrowser();
  const shown = await browser.signIn(origin, { username, password: authentik.password });
  expect(shown.html).toContain(username);
  return browser;
}

const statusOf = async (browser: FormBrowser) =>
  (await browser.exchange(`${origin}/me`, { headers: { accept: 'application/json' } })).status;
const post = (browser: FormBrowser, headers: Record<string, string> = {}) =>
  browser.exchange(`${origin}/auth/logout`, { method: 'POST', headers });

/** Whether Authentik would sign the browser in without asking. */
async function isKnownToAuthentik(browser: FormBrowser): Promise<boolean> {
  const shown = await browser.open(`${origin}/auth/login?returnTo=/me`);
  return !shown.html.includes('name="uid_field"');
}

const revoked = () => authentik.requests.filter(({ path }) => path.startsWith('/application/o/revoke/')).length;

describe('signing out', () => {
  it('ends the session here, then at Authentik, and comes back', async () => {
    await start();
    const browser = await signedIn();
    const response = await post(browser);
    expect(response.status).toBe(303);
    expect(response.headers.get('location')).toMatch(/^\/auth\/signed-out\?continue=[\da-f-]{36}$/u);
    expect(response.headers.getSetCookie().join()).toMatch(/^authentik=;/u);
    // Here it is over before Authentik hears of it.
    expect(await statusOf(browser)).toBe(401);
    expect(ended).toEqual([['alice', 'logout']]);
    const page = await browser.open(new URL(response.headers.get('location') ?? '', origin));
    expect(page.html).toContain('You are signed out');
    const next = new URL(FormBrowser.refreshOf(page) ?? '');
    expect(next.origin + next.pathname).toBe(`${authentik.issuer()}end-session/`);
    expect(next.searchParams.get('post_logout_redirect_uri')).toBe(`${origin}/auth/signed-out`);
    expect(decodeJwt(next.searchParams.get('id_token_hint') ?? '')).toMatchObject({ aud: 'mcp-server' });
    const flow = await browser.open(next);
    const back = await browser.open(FormBrowser.refreshOf(flow) ?? `${origin}/auth/signed-out`);
    expect(back.url.href).toBe(`${origin}/auth/signed-out`);
    expect(back.html).toContain('You are signed out');
    expect(await isKnownToAuthentik(browser)).toBe(false);
  });

  it('tells a program where to go on', async () => {
    await start();
    const browser = await signedIn();
    const response = await post(browser, { accept: 'application/json' });
    expect(response.status).toBe(200);
    expect(response.headers.get('cache-control')).toBe('no-store');
    const { signedOut, endSessionUrl } = (await response.json()) as { signedOut: boolean; endSessionUrl: string };
    expect(signedOut).toBe(true);
    expect(new URL(endSessionUrl).searchParams.has('id_token_hint')).toBe(true);
    expect(await statusOf(browser)).toBe(401);
  });

  it('says so to who was not signed in, and sends nobody to Authentik', async () => {
    await start();
    const browser = new FormBrowser();
    const shown = await browser.open(`${origin}/auth/logout`, { method: 'POST' });
    expect(shown.html).toContain('You are signed out');
    expect(FormBrowser.refreshOf(shown)).toBeUndefined();
    expect(await (await post(browser, { accept: 'application/json' })).json()).toEqual({
      signedOut: true,
      endSessionUrl: null,
    });
    expect(ended).toEqual([]);
  });

  it('works while Authentik is down, and says what is left', async () => {
    const redis = await startRedis();
    onTestFinished(() => redis.kill());
    const options = { redis: { url: redis.url }, session: { keepTokens: true } };
    await start(options);
    const browser = await signedIn();
    // A process that knows nothing of Authentik yet.
    await app.close();
    await authentik.fault('down');
    await start(options);
    const shown = await browser.open(`${origin}/auth/logout`, { method: 'POST' });
    expect(shown.html).toContain('You are signed out');
    expect(shown.html).toContain('Authentik cannot be reached now');
    expect(FormBrowser.refreshOf(shown)).toBeUndefined();
    expect(await statusOf(browser)).toBe(401);
  });

  it('is not done, and says so, while the sessions are out of reach', async () => {
    const redis = await startRedis();
    onTestFinished(() => redis.kill());
    await start({ redis: { url: redis.url } });
    const browser = await signedIn();
    redis.freeze();
    const response = await post(browser);
    expect(response.status).toBe(503);
    expect(await response.text()).toContain('You are not signed out');
    redis.thaw();
    await expect.poll(() => statusOf(browser), { timeout: 10_000 }).toBe(200);
    expect((await post(browser)).status).toBe(303);
    expect(await statusOf(browser)).toBe(401);
  });

  it('sends no hint of a key that Authentik has changed, since that would end on an error page', async () => {
    await start();
    const browser = await signedIn();
    await authentik.rotateKeys();
    // A token of the new key makes the keys be read again.
    await fetch(`${origin}/me`, { headers: await authentik.bearer('bob') });
    await expect
      .poll(async () => (await fetch(`${origin}/me`, { headers: await authentik.bearer('bob') })).status, {
        timeout: 10_000,
        interval: 200,
      })
      .toBe(200);
    const { endSessionUrl } = (await (await post(browser, { accept: 'application/json' })).json()) as {
      endSessionUrl: string;
    };
    expect(new URL(endSessionUrl).search).not.toContain('id_token_hint');
    expect(new URL(endSessionUrl).search).not.toContain('post_logout_redirect_uri');
    expect((await browser.open(endSessionUrl)).status).toBe(200);
  });

  it('revokes the tokens that were kept', async () => {
    await start({ session: { keepTokens: true } });
    const browser = await signedIn();
    expect(revoked()).toBe(0);
    await post(browser);
    expect(revoked()).toBe(2);
  });

  it('gives a page for the way on once', async () => {
    await start();
    const browser = await signedIn();
    const location = (await post(browser)).headers.get('location') ?? '';
    const first = await browser.open(origin + location);
    const second = await browser.open(origin + location);
    expect(FormBrowser.refreshOf(first)).toBeDefined();
    expect(FormBrowser.refreshOf(second)).toBeUndefined();
    expect(second.html).toContain('You are signed out');
  });

  it.each(['x', '..', '\'"><script>', '00000000-0000-0000-0000-000000000000'])(
    'takes no ticket that is none: %s',
    async (ticket) => {
      await start();
      const shown = await new FormBrowser().open(`${origin}/auth/signed-out?continue=${encodeURIComponent(ticket)}`);
      expect(shown.status).toBe(200);
      expect(FormBrowser.refreshOf(shown)).toBeUndefined();
      expect(shown.html).not.toContain('<script');
    },
  );
});

describe('an app that runs express-session itself', () => {
  it('gets its session back empty, under another id, and keeps its cookie', async () => {
    app = await startBrowserApp(
      authentik.url,
      { publicUrl: origin, onLogout, session: { mount: false } },
      undefined,
      (each) =>
        each.use(
          expressSession({
            name: 'app.sid',
            secret: 'a secret of the app itself, long enough',
            resave: false,
            saveUninitialized: false,
            cookie: { sameSite: 'lax', httpOnly: true },
          }),
        ),
    );
    await app.listen(Number(new URL(origin).port));
    const browser = await signedIn();
    const response = await post(browser);
    expect(response.status).toBe(303);
    expect(await statusOf(browser)).toBe(401);
    expect(ended).toEqual([['alice', 'logout']]);
    const again = await browser.signIn(origin, { username: 'alice', password: authentik.password });
    expect(again.html).toContain('alice');
    authentik.endSessions({ user: 'alice' });
    await authentik.logoutsSettled();
    expect(await statusOf(browser)).toBe(401);
  });
});

describe('another site', () => {
  it.each([
    ['posts to sign people out', { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }],
    ['of the same domain posts', { 'sec-fetch-site': 'same-site' }],
  ])('%s, and does not', async (_case, headers: Record<string, string>) => {
    await start();
    const browser = await signedIn();
    const response = await post(browser, headers);
    expect(response.status).toBe(403);
    expect(await response.text()).toContain('You are not signed out');
    expect(await statusOf(browser)).toBe(200);
    expect((await post(browser)).status).toBe(303);
    expect(await statusOf(browser)).toBe(401);
  });

  it('links to the sign-out, which shows a button and does nothing', async () => {
    await start();
    const browser = await signedIn();
    const shown = await browser.open(`${origin}/auth/logout`, { headers: { 'sec-fetch-site': 'cross-site' } });
    expect(shown.status).toBe(405);
    expect(shown.headers.get('allow')).toBe('POST');
    expect(await statusOf(browser)).toBe(200);
    await browser.submit(shown);
    expect(await statusOf(browser)).toBe(401);
  });

  it.each(['/auth/logout', '/auth/signed-out'])('cannot put %s into a frame, and nobody keeps it', async (path) => {
    await start();
    const { headers } = await new FormBrowser().open(origin + path);
    expect(headers.get('x-frame-options')).toBe('DENY');
    expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
    expect(headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('referrer-policy')).toBe('no-referrer');
  });
});

const statusWith = async (authorization: string) =>
  (await fetch(`${origin}/me`, { headers: { authorization } })).status;

describe('a session that ends at Authentik', () => {
  it('ends here, by the back channel, and nobody else does', async () => {
    await start();
    const [alice, bob] = [await signedIn('alice'), await signedIn('bob')];
    authentik.endSessions({ user: 'alice' });
    await authentik.logoutsSettled();
    expect(authentik.logoutDeliveries).toEqual([expect.objectContaining({ state: 'delivered', attempts: 1 })]);
    expect(await statusOf(alice)).toBe(401);
    expect(await statusOf(bob)).toBe(200);
    expect(ended).toEqual([['alice', 'backchannel_logout']]);
  });

  it('is a line in the log where it ended one here, and for debugging only where it never was here', async () => {
    const { lines, logger } = recordLog();
    await start({ logLevel: 'debug' }, logger);
    await signedIn('alice');
    authentik.endSessions({ user: 'alice' });
    await authentik.logoutsSettled();
    const about = () => lines.filter((line) => line.includes('back-channel logout'));
    expect(about()).toEqual([expect.stringMatching(/^log .* ended 1 session/u)]);
    const gone = ['azp', 'uid', 'nonce', 'scope'].map((name) => [name, undefined]);
    const claims = {
      ...Object.fromEntries(gone),
      jti: 'once',
      events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
    };
    const body = new URLSearchParams({ logout_token: await authentik.mintAccessToken({ user: 'bob', claims }) });
    expect((await fetch(`${origin}/auth/backchannel-logout`, { method: 'POST', body })).status).toBe(200);
    expect(about().slice(1)).toEqual([expect.stringMatching(/^debug .* ended 0 session/u)]);
  });

  it('has its kept tokens revoked, for a refresh token would live on', async () => {
    await start({ session: { keepTokens: true } });
    const browser = await signedIn('alice');
    authentik.endSessions({ user: 'alice' });
    await authentik.logoutsSettled();
    expect(await statusOf(browser)).toBe(401);
    await expect.poll(revoked).toBe(2);
  });

  it('takes its access tokens along, wherever they are, and those of nobody else', async () => {
    await start();
    await signedIn('alice');
    const { authorization: alice } = await authentik.bearer('alice');
    const { authorization: bob } = await authentik.bearer('bob');
    expect([await statusWith(alice), await statusWith(bob)]).toEqual([200, 200]);
    authentik.endSessions({ user: 'alice' });
    await authentik.logoutsSettled();
    expect([await statusWith(alice), await statusWith(bob)]).toEqual([401, 200]);
  });

  it('ends every session of a person whose sessions all end there', async () => {
    await start();
    const [one, other] = [await signedIn('alice'), await signedIn('alice')];
    authentik.endSessions({ user: 'alice' });
    await authentik.logoutsSettled();
    expect([await statusOf(one), await statusOf(other)]).toEqual([401, 401]);
    expect(authentik.logoutDeliveries).toHaveLength(2);
  });

  it('is not ended by the same sub of another issuer, and by that of ours', async () => {
    await start({ trustedApplications: [{ applicationSlug: 'mobile', clientId: 'mobile' }] });
    const browser = await signedIn('alice');
    const { sub } = decodeJwt(await authentik.mintAccessToken({ user: 'alice' }));
    const send = async (application: string) => {
      const gone = ['azp', 'uid', 'sid', 'nonce', 'scope', 'auth_time'].map((name) => [name, undefined]);
      const claims = {
        ...Object.fromEntries(gone),
        sub,
        jti: application,
        events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
      };
      const logoutToken = await authentik.mintAccessToken({ user: 'alice', application, claims });
      const body = new URLSearchParams({ logout_token: logoutToken });
      return (await fetch(`${origin}/auth/backchannel-logout`, { method: 'POST', body })).status;
    };
    expect(await send('mobile')).toBe(200);
    expect(await statusOf(browser)).toBe(200);
    expect(await send('mcp-server')).toBe(200);
    expect(await statusOf(browser)).toBe(401);
  });
});
