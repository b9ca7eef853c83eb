import { startEmbeddedAuthentik, type EmbeddedAuthentik } from 'nestjs-authentik-testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';

import { recordLog } from '../harness/log-lines.js';
import { type SessionApp, type SessionAppShape, startSessionApp } from './app.js';
import { Person } from './tab.js';

let authentik: EmbeddedAuthentik;
let apps: SessionApp[] = [];

beforeAll(async () => {
  authentik = await startEmbeddedAuthentik({
    applications: [{ slug: 'mcp-server', clientType: 'public', accessTokenValidity: 'hours=1' }],
  });
});
afterAll(() => authentik.stop());
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] });
});
afterEach(async () => {
  vi.useRealTimers();
  await authentik.clearFaults();
  await Promise.all(apps.map((app) => app.stop()));
  apps = [];
});

const start = async (shape: SessionAppShape = {}) => {
  const app = await startSessionApp(authentik, shape);
  apps.push(app);
  return app;
};
const pass = (seconds: number) => vi.setSystemTime(Date.now() + seconds * 1000);
const asked = (path: string) => authentik.requests.filter((request) => request.path.endsWith(path)).length;
const keeping = { session: { keepTokens: true, idleSeconds: 7200 } };
const me = async (person: Person, app: SessionApp) => (await person.ask(`${app.url}/page/me`)).status;

describe('a session ends', () => {
  it('when nothing is asked for as long as it may be idle, and not before', async () => {
    const app = await start({ options: { session: { idleSeconds: 600 } } });
    const [alice, bob] = [new Person(authentik), new Person(authentik, 'bob')];
    await alice.signIn(app.url);
    await bob.signIn(app.url);
    for (let minutes = 0; minutes < 30; minutes += 5) {
      pass(300);
      expect(await me(alice, app)).toBe(200);
    }
    expect(await me(bob, app)).toBe(401);
  });

  it('when it has lasted as long as it may, however busy it is', async () => {
    const app = await start({ options: { session: { idleSeconds: 600, absoluteSeconds: 1200 } } });
    const alice = new Person(authentik);
    await alice.signIn(app.url);
    for (let count = 0; count < 3; count += 1) {
      pass(390);
      expect(await me(alice, app)).toBe(200);
    }
    pass(60);
    expect(await me(alice, app)).toBe(401);
  });
});

describe('kept tokens', () => {
  it('are asked for with offline_access, refreshed once before they expire, whoever asks in how many tabs', async () => {
    const app = await start({ options: keeping });
    const alice = new Person(authentik);
    expect((await alice.begin(app.url)).searchParams.get('scope')).toContain('offline_access');
    await alice.signIn(app.url);
    const before = asked('/token/');
    pass(3500);
    expect(await me(alice, app)).toBe(200);
    expect(asked('/token/')).toBe(before);
    pass(60);
    const tabs = await Promise.all(Array.from({ length: 8 }, () => me(alice, app)));
    expect(tabs).toEqual(Array.from({ length: 8 }, () => 200));
    expect(asked('/token/')).toBe(before + 1);
    pass(3600);
    expect(await me(alice, app)).toBe(200);
    expect(asked('/token/')).toBe(before + 2);
  });

  it('that Authentik refuses to refresh end the session, and the app hears of it', async () => {
    const ends: string[] = [];
    const app = await start({
      options: { ...keeping, onLogout: (user, reason) => void ends.push(`${user.username} ${reason}`) },
    });
    const alice = new Person(authentik);
    await alice.signIn(app.url);
    // Long after the refresh token has expired at Authentik.
    authentik.clock.advanceSeconds(40 * 24 * 3600);
    try {
      pass(3590);
      expect(await me(alice, app)).toBe(401);
      expect(ends).toEqual(['alice grant_ended']);
      expect(await me(alice, app)).toBe(401);
    } finally {
      authentik.clock.reset();
    }
  });

  it('outlive an outage of Authentik: the session goes on, and is renewed when it is back', async () => {
    const log = recordLog();
    const app = await start({ options: keeping, logger: log.logger });
    const alice = new Person(authentik);
    await alice.signIn(app.url);
    pass(3590);
    await authentik.fault('down');
    expect(await me(alice, app)).toBe(200);
    expect(await me(alice, app)).toBe(200);
    expect(log.lines.filter((line) => line.includes('could not be renewed now'))).toHaveLength(1);
  });

  it('are not kept where nobody asked for it', async () => {
    const app = await start();
    const alice = new Person(authentik);
    await alice.signIn(app.url);
    const before = asked('/token/');
    pass(3590);
    expect(await me(alice, app)).toBe(200);
    expect(asked('/token/')).toBe(before);
  });
});

describe('groups that may become old', () => {
  it('are read again at most so often, and whoever was removed is kept out without signing out', async () => {
    const app = await start({ options: { session: { membershipMaxAgeSeconds: 60 } } });
    const alice = new Person(authentik);
    await alice.signIn(app.url);
    const engineering = async () => (await alice.ask(`${app.url}/page/engineering`)).status;
    const before = asked('/userinfo/');
    expect(await engineering()).toBe(200);
    authentik.setGroups('alice', ['mcp-users']);
    try {
      pass(30);
      expect(await engineering()).toBe(200);
      expect(asked('/userinfo/')).toBe(before);
      pass(31);
      expect(await Promise.all([engineering(), engineering(), engineering()])).toEqual([403, 403, 403]);
      expect(asked('/userinfo/')).toBe(before + 1);
      expect(await me(alice, app)).toBe(200);
    } finally {
      authentik.setGroups('alice', ['engineering', 'mcp-users']);
    }
  });

  it('count on for a while when Authentik is away, and then nobody can tell: 503', async () => {
    const app = await start({
      options: { tokens: { staleKeysSeconds: 600 }, session: { membershipMaxAgeSeconds: 60 } },
    });
    const alice = new Person(authentik);
    await alice.signIn(app.url);
    await authentik.fault('down');
    pass(300);
    expect(await me(alice, app)).toBe(200);
    pass(361);
    expect(await me(alice, app)).toBe(503);
  });
});
