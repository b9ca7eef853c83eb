import { startEmbeddedAuthentik, type EmbeddedAuthentik } from 'nestjs-authentik-testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { type SessionApp, startSessionApp } from './app.js';
import { Person, toPage } from './tab.js';

let authentik: EmbeddedAuthentik;
let app: SessionApp;

beforeAll(async () => {
  authentik = await startEmbeddedAuthentik();
  app = await startSessionApp(authentik);
});
afterAll(async () => {
  await app.stop();
  await authentik.stop();
});

describe('signing in', () => {
  it('leads from the app to Authentik and back to the page that was wanted', async () => {
    const alice = new Person(authentik);
    const refused = await alice.visit(`${app.url}/page/me?tab=2`);
    expect(refused.status).toBe(302);
    expect(refused.location).toBe(`${app.url}/auth/login?returnTo=%2Fpage%2Fme%3Ftab%3D2`);

    const back = await alice.signIn(app.url, '?returnTo=%2Fpage%2Fme%3Ftab%3D2');
    expect(back.status).toBe(303);
    expect(back.location).toBe(`${app.url}/page/me?tab=2`);
    expect(back.headers['cache-control']).toBe('no-store');
    expect(back.headers['referrer-policy']).toBe('no-referrer');

    const page = await alice.visit(`${app.url}/page/me`);
    expect(page.status).toBe(200);
    expect(page.json()).toEqual({
      id: expect.stringMatching(/^[\da-f]{64}$/u),
      username: 'alice',
      groups: ['engineering', 'mcp-users'],
      credential: 'session',
    });
    expect((await alice.visit(`${app.url}/page/engineering`)).status).toBe(200);
  });

  it('asks Authentik with PKCE S256, a state and a nonce that are new each time, and for no refresh token', async () => {
    const alice = new Person(authentik);
    const [first, second] = [await alice.begin(app.url), await alice.begin(app.url)];
    for (const url of [first, second]) {
      expect(Object.fromEntries(url.searchParams)).toEqual({
        response_type: 'code',
        client_id: 'mcp-server',
        redirect_uri: `${app.url}/auth/callback`,
        scope: 'openid profile email',
        state: expect.stringMatching(/^.{40,}$/u),
        nonce: expect.stringMatching(/^.{40,}$/u),
        code_challenge: expect.stringMatching(/^[\w-]{43}$/u),
        code_challenge_method: 'S256',
      });
    }
    for (const name of ['state', 'nonce', 'code_challenge']) {
      expect(first.searchParams.get(name)).not.toBe(second.searchParams.get(name));
    }
  });

  it('gives the browser a new cookie that no script can read, and only then', async () => {
    const alice = new Person(authentik);
    const anonymous = await alice.visit(`${app.url}/page/open`);
    expect(anonymous.cookies).toEqual([]);
    const back = await alice.signIn(app.url);
    expect(back.cookies).toEqual([expect.stringMatching(/^authentik=s%3A[^;]+; Path=\/; HttpOnly; SameSite=Lax$/u)]);
    expect((await alice.visit(`${app.url}/page/me`)).cookies).toEqual([]);
  });

  it('works in two tabs of one browser at once', async () => {
    const alice = new Person(authentik);
    const [one, two] = [await alice.begin(app.url, '?returnTo=/one'), await alice.begin(app.url, '?returnTo=/two')];
    const [backOne, backTwo] = [await alice.back(one), await alice.back(two)];
    expect((await alice.visit(backTwo)).location).toBe(`${app.url}/two`);
    expect((await alice.visit(backOne)).location).toBe(`${app.url}/one`);
    expect((await alice.visit(`${app.url}/page/me`)).status).toBe(200);
  });

  it('passes prompt and login_hint on where they are on the list', async () => {
    const alice = new Person(authentik);
    const url = await alice.begin(app.url, '?prompt=login&login_hint=alice%40example.test');
    expect(url.searchParams.get('prompt')).toBe('login');
    expect(url.searchParams.get('login_hint')).toBe('alice@example.test');
    expect((await alice.visit(`${app.url}/auth/login?prompt=select_account`)).status).toBe(400);
    expect((await alice.visit(`${app.url}/auth/login?login_hint=${'a'.repeat(256)}`)).status).toBe(400);
    expect((await alice.visit(`${app.url}/auth/login?prompt=login&prompt=none`)).status).toBe(400);
  });
});

describe('who is asked', () => {
  it('a program without a credential is told 401, a browser that goes to a page is sent to sign in', async () => {
    const program = await new Person(authentik).ask(`${app.url}/page/me`);
    expect(program.status).toBe(401);
    expect(program.headers['www-authenticate']).toContain('Bearer');
    const script = await new Person(authentik).visit(`${app.url}/page/me`, { ...toPage, 'sec-fetch-mode': 'cors' });
    expect(script.status).toBe(401);
    const bearerOnly = await new Person(authentik).visit(`${app.url}/page/program`);
    expect(bearerOnly.status).toBe(401);
  });

  it('an Authorization header decides alone: a bad token is 401, whoever is signed in', async () => {
    const alice = new Person(authentik);
    await alice.signIn(app.url);
    const bad = await alice.ask(`${app.url}/page/me`, { headers: { authorization: 'Bearer nonsense' } });
    expect(bad.status).toBe(401);
    const bob = await authentik.bearer('bob');
    expect((await alice.ask(`${app.url}/page/me`, { headers: bob })).json()).toMatchObject({
      username: 'bob',
      credential: 'bearer',
    });
    expect((await alice.ask(`${app.url}/page/me`)).json()).toMatchObject({ username: 'alice' });
  });

  it('handlers take the kinds of credential that they name', async () => {
    const alice = new Person(authentik);
    await alice.signIn(app.url);
    const bearer = await authentik.bearer('alice');
    expect((await alice.ask(`${app.url}/page/program`)).status).toBe(401);
    expect((await alice.ask(`${app.url}/page/program`, { headers: bearer })).status).toBe(200);
    expect((await alice.ask(`${app.url}/page/browser`)).status).toBe(200);
    expect((await new Person(authentik).ask(`${app.url}/page/browser`, { headers: bearer })).status).toBe(401);
    expect((await alice.ask(`${app.url}/page/maybe`)).json()).toEqual({ username: 'alice' });
    expect((await new Person(authentik).ask(`${app.url}/page/maybe`)).json()).toEqual({ username: null });
  });

  it('/auth/user says it to pages and single-page apps', async () => {
    const alice = new Person(authentik);
    const before = await alice.ask(`${app.url}/auth/user`);
    expect(before.status).toBe(401);
    expect(before.json()).toEqual({
      error: 'login_required',
      error_description: 'You are not signed in, or your session has ended. Sign in.',
    });
    await alice.signIn(app.url);
    const after = await alice.ask(`${app.url}/auth/user`);
    expect(after.status).toBe(200);
    expect(after.headers['cache-control']).toBe('no-store');
    const { user } = after.json() as { user: object };
    expect(user).toMatchObject({ username: 'alice', groups: ['engineering', 'mcp-users'], credential: 'session' });
    expect(user).not.toHaveProperty('claims');
  });
});
