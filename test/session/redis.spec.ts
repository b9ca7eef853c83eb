import { RedisStore } from 'connect-redis';
import session from 'express-session';
import { createClient } from 'redis';
import { startEmbeddedAuthentik, type EmbeddedAuthentik } from 'nestjs-authentik-testing';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';

import { AUTHENTIK_STORE } from '../../libs/authentik/src/authentik.constants.js';
import { SessionRegistry } from '../../libs/authentik/src/session/store/session-registry.js';
import type { KeyValueStore } from '../../libs/authentik/src/stores/key-value-store.js';
import { type RedisServer, startRedis } from '../harness/redis-server.js';
import { secret, type SessionApp, type SessionAppShape, startSessionApp } from './app.js';
import { Person } from './tab.js';

let authentik: EmbeddedAuthentik;
let redis: RedisServer;
let apps: SessionApp[] = [];

beforeAll(async () => {
  [authentik, redis] = await Promise.all([startEmbeddedAuthentik(), startRedis()]);
});
afterAll(async () => {
  await authentik.stop();
  await redis.kill();
});
afterEach(async () => {
  await Promise.all(apps.map((app) => app.stop()));
  apps = [];
});

const start = async ({ options, ...shape }: SessionAppShape = {}) => {
  const app = await startSessionApp(authentik, { ...shape, options: { redis: { url: redis.url }, ...options } });
  apps.push(app);
  // It starts without waiting for Redis.
  const store = app.app.get<KeyValueStore>(AUTHENTIK_STORE, { strict: false });
  await vi.waitFor(() => expect(store.isReachable).toBe(true), { timeout: 8000, interval: 10 });
  return app;
};
const me = async (person: Person, app: SessionApp) => (await person.ask(`${app.url}/page/me`)).status;

describe('two apps on one Redis', () => {
  it('know each other: sign in at one, be somebody at the other, sign out there, and be nobody here', async () => {
    const [one, two] = [await start(), await start()];
    const alice = new Person(authentik);
    await alice.signIn(one.url);
    expect((await alice.ask(`${two.url}/page/me`)).json()).toMatchObject({ username: 'alice' });
    const headers = { 'sec-fetch-site': 'same-origin' };
    expect((await alice.ask(`${two.url}/auth/logout`, { method: 'POST', headers })).status).toBe(200);
    expect(await me(alice, one)).toBe(401);
  });

  it('let a sign-in that began at one end at the other, for they are one origin to the browser', async () => {
    const [one, two] = [await start(), await start()];
    const alice = new Person(authentik);
    const callback = await alice.back(await alice.begin(one.url));
    // The code is for the address of the first one; that it gets as far as Authentik is what counts here.
    const there = await alice.visit(`${two.url}${callback.pathname}${callback.search}`);
    expect(there.text).not.toContain('wrong_state');
    expect((await alice.visit(callback)).text).toContain('login_replayed');
  });

  it('renew their secrets one after the other: what the old one signed counts while it is listed', async () => {
    const fresh = 'another-secret-of-the-tests-that-nobody-guesses';
    const [old, both, gone] = [
      await start({ options: { session: { keepTokens: true } } }),
      await start({ options: { session: { keepTokens: true, secrets: [fresh, secret] } } }),
      await start({ options: { session: { keepTokens: true, secrets: [fresh] } } }),
    ];
    const alice = new Person(authentik);
    await alice.signIn(old.url);
    const refreshed = () => authentik.requests.filter(({ path }) => path.endsWith('/token/')).length;
    const before = refreshed();
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 3550_000 });
    try {
      expect(await me(alice, both)).toBe(200);
      // Only whoever can open what the old secret sealed could refresh.
      expect(refreshed()).toBe(before + 1);
    } finally {
      vi.useRealTimers();
    }
    expect(await me(alice, gone)).toBe(401);
  });

  it('refresh the tokens of a session once', async () => {
    const shape = { options: { session: { keepTokens: true, idleSeconds: 7200 } } };
    const [one, two] = [await start(shape), await start(shape)];
    const alice = new Person(authentik);
    await alice.signIn(one.url);
    const refreshed = () => authentik.requests.filter(({ path }) => path.endsWith('/token/')).length;
    const before = refreshed();
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 3550_000 });
    try {
      const answers = await Promise.all([one, two, one, two].map((app) => me(alice, app)));
      expect(answers).toEqual([200, 200, 200, 200]);
      expect(refreshed()).toBe(before + 1);
    } finally {
      vi.useRealTimers();
    }
  });
});

/** Two processes with one store of their own express-session; somebody has signed in at the first one. */
async function signedInAtAnother(username: string) {
  const ends: string[] = [];
  const store = new session.MemoryStore();
  const shape: SessionAppShape = {
    options: {
      session: { mount: false },
      onLogout: (user, reason) => void ends.push(`${user.username} ${reason}`),
    },
    configure: (nest) =>
      nest.use(session({ name: 'own.sid', secret: 'of-the-app', resave: false, saveUninitialized: false, store })),
  };
  const one = await start(shape);
  const person = new Person(authentik, username);
  await person.signIn(one.url);
  expect(await me(person, one)).toBe(200);
  return { person, one, fresh: await start(shape), ends };
}

describe('a process that has just begun, of an app that runs express-session itself', () => {
  it('ends what a logout token says, though no request has shown it the store yet', async () => {
    // Of somebody else than the other tests, for what was issued until this second is revoked.
    const { person, one, fresh, ends } = await signedInAtAnother('mallory');
    const gone = ['azp', 'uid', 'sid', 'nonce', 'scope'].map((name) => [name, undefined]);
    const claims = {
      ...Object.fromEntries(gone),
      jti: 'of a process that has just begun',
      events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
    };
    const body = new URLSearchParams({ logout_token: await authentik.mintAccessToken({ user: 'mallory', claims }) });
    const answer = await fetch(`${fresh.url}/auth/backchannel-logout`, { method: 'POST', body });
    expect(answer.status).toBe(200);
    expect(ends).toEqual(['mallory backchannel_logout']);
    expect(await me(person, one)).toBe(401);
  });

  it('signs somebody out', async () => {
    const { person, one, fresh, ends } = await signedInAtAnother('bob');
    expect((await person.ask(`${fresh.url}/auth/logout`, { method: 'POST' })).status).toBe(200);
    expect(ends).toEqual(['bob logout']);
    expect(await me(person, one)).toBe(401);
  });
});

it('a session that ended while a request was under way is not brought back by it', async () => {
  const app = await start();
  const alice = new Person(authentik, 'root');
  await alice.signIn(app.url);
  const registry = app.app.get(SessionRegistry, { strict: false });
  const user = ((await alice.ask(`${app.url}/auth/user`)).json() as { user: { id: string } }).user;
  const [answer, ended] = await Promise.all([
    alice.ask(`${app.url}/page/slow`, { method: 'POST' }),
    new Promise((resolve) => setTimeout(resolve, 100)).then(() =>
      registry.endBySubject({ issuer: authentik.issuer(), subject: user.id }),
    ),
  ]);
  expect(answer.status).toBe(201);
  expect(ended).toHaveLength(1);
  expect(await me(alice, app)).toBe(401);
});

describe('Redis', () => {
  it('away is a clear 503 for whoever is signed in, at once; public handlers and tokens work; back, all goes on', async () => {
    const app = await start();
    const alice = new Person(authentik);
    await alice.signIn(app.url);
    redis.freeze();
    try {
      // Answered while Redis answers nothing.
      const refused = await alice.ask(`${app.url}/page/me`);
      expect(refused.status).toBe(503);
      expect(refused.headers['retry-after']).toBeDefined();
      expect((await alice.visit(`${app.url}/page/open`)).status).toBe(200);
      const login = await new Person(authentik).visit(`${app.url}/auth/login`);
      expect(login.status).toBe(503);
      expect(login.text).toContain('sessions_unavailable');
    } finally {
      redis.thaw();
    }
    await vi.waitFor(async () => expect(await me(alice, app)).toBe(200), { timeout: 8000, interval: 100 });
  });

  it('killed and started again crashes nothing, and people sign in again', async () => {
    const app = await start();
    const alice = new Person(authentik);
    await alice.signIn(app.url);
    await redis.kill();
    expect(await me(alice, app)).toBe(503);
    await redis.start();
    await vi.waitFor(async () => expect(await me(alice, app)).toBe(401), { timeout: 8000, interval: 100 });
    expect((await alice.signIn(app.url)).status).toBe(303);
    expect(await me(alice, app)).toBe(200);
  });
});

it('connect-redis keeps sessions where the app prefers it, away too', async () => {
  const client = createClient({ url: redis.url, disableOfflineQueue: true });
  client.on('error', () => undefined);
  await client.connect();
  try {
    const app = await start({ options: { session: { store: new RedisStore({ client }) } } });
    const alice = new Person(authentik);
    await alice.signIn(app.url);
    expect(await me(alice, app)).toBe(200);
    expect(await client.keys('sess:*')).toHaveLength(2);
    redis.freeze();
    try {
      expect(await me(alice, app)).toBe(503);
    } finally {
      redis.thaw();
    }
    await vi.waitFor(async () => expect(await me(alice, app)).toBe(200), { timeout: 8000, interval: 100 });
  } finally {
    client.destroy();
  }
});
