import type { INestApplication } from '@nestjs/common';
import { NestExpressApplication } from '@nestjs/platform-express';
import session from 'express-session';
import helmet from 'helmet';
import { startEmbeddedAuthentik, type EmbeddedAuthentik } from 'nestjs-authentik-testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import { recordLog } from '../harness/log-lines.js';
import { type SessionApp, type SessionAppShape, startSessionApp } from './app.js';
import { Person } from './tab.js';

let authentik: EmbeddedAuthentik;
let apps: SessionApp[] = [];

beforeAll(async () => {
  authentik = await startEmbeddedAuthentik();
});
afterAll(() => authentik.stop());
afterEach(async () => {
  await Promise.all(apps.map((app) => app.stop()));
  apps = [];
});

const start = async (shape: SessionAppShape = {}) => {
  const app = await startSessionApp(authentik, shape);
  apps.push(app);
  return app;
};
const own = (app: INestApplication, options: object = {}) =>
  app.use(session({ name: 'own.sid', secret: 'of-the-app', resave: false, saveUninitialized: false, ...options }));

describe('an app that runs express-session itself', () => {
  it('keeps our session in its own, under its own cookie, and signs out there', async () => {
    const store = new session.MemoryStore();
    const app = await start({ options: { session: { mount: false } }, configure: (nest) => own(nest, { store }) });
    const alice = new Person(authentik);
    const back = await alice.signIn(app.url);
    expect(back.status).toBe(303);
    expect(back.cookies).toEqual([expect.stringMatching(/^own\.sid=/u)]);
    expect((await alice.ask(`${app.url}/page/me`)).json()).toMatchObject({ username: 'alice' });
    expect((await alice.ask(`${app.url}/page/count`, { method: 'POST' })).json()).toEqual({ count: 1 });
    expect((await alice.ask(`${app.url}/page/count`, { method: 'POST' })).json()).toEqual({ count: 2 });
    expect((await alice.ask(`${app.url}/auth/logout`, { method: 'POST' })).status).toBe(200);
    expect((await alice.ask(`${app.url}/page/me`)).status).toBe(401);
  });

  it('and has thrown the session of the request away before the routes: our part ends all the same', async () => {
    const ends: string[] = [];
    const log = recordLog();
    const app = await start({
      options: {
        session: { mount: false },
        onLogout: ({ username }, reason) => void ends.push(`${username} ${reason}`),
      },
      logger: log.logger,
      configure: (nest) => {
        own(nest);
        nest.use('/auth/logout', (request: { session: unknown }, _response: unknown, next: () => void) => {
          request.session = null;
          next();
        });
      },
    });
    const alice = new Person(authentik);
    await alice.signIn(app.url);
    expect((await alice.ask(`${app.url}/auth/logout`, { method: 'POST' })).status).toBe(200);
    expect(ends).toEqual(['alice logout']);
    expect((await alice.ask(`${app.url}/page/me`)).status).toBe(401);
    expect((await alice.ask(`${app.url}/auth/logout`, { method: 'POST' })).status).toBe(200);
    expect(log.lines.filter((line) => line.startsWith('error'))).toEqual([]);
  });

  it('and has forgotten to: the log has the two lines to add, and nobody is sent to sign in for nothing', async () => {
    const log = recordLog();
    const app = await start({ options: { session: { mount: false } }, logger: log.logger });
    const page = await new Person(authentik).visit(`${app.url}/auth/login`);
    expect(page.status).toBe(503);
    expect(page.text).toContain('sessions_unavailable');
    const [line] = log.lines.filter((text) => text.startsWith('error'));
    expect(line).toContain('app.use(session({ secret');
    expect(line).toContain("app.set('trust proxy', 1)");
  });

  it('with a store that keeps nothing is found out at the first sign-in', async () => {
    const log = recordLog();
    const store = new session.MemoryStore();
    store.set = (_sid, _session, callback) => callback?.();
    const app = await start({
      options: { session: { mount: false } },
      logger: log.logger,
      configure: (nest) => own(nest, { store }),
    });
    expect((await new Person(authentik).signIn(app.url)).status).toBe(503);
    expect(log.lines.some((line) => line.includes('does not keep what is saved'))).toBe(true);
  });
});

describe('the app around', () => {
  it.each(['api', '/api/v1'])(
    'with the global prefix %s leaves the routes where Authentik sends people',
    async (prefix) => {
      const app = await start({ configure: (nest) => nest.setGlobalPrefix(prefix) });
      const alice = new Person(authentik);
      const page = await alice.visit(`${app.url}${prefix.startsWith('/') ? '' : '/'}${prefix}/page/me`);
      const path = page.location?.slice(app.url.length) ?? '';
      expect(path).toMatch(/^\/auth\/login\?returnTo=%2Fapi/u);
      const back = await alice.signIn(app.url, path.slice(path.indexOf('?')));
      expect((await alice.visit(back.location ?? '')).status).toBe(200);
      expect((await alice.visit(`${app.url}/api/auth/login`)).status).toBe(404);
    },
  );

  it('may choose another place for the routes', async () => {
    const app = await start({ extras: { routes: { prefix: 'account/session' } } });
    const alice = new Person(authentik);
    const { location } = await alice.visit(`${app.url}/account/session/login`);
    expect(new URL(location ?? '').searchParams.get('redirect_uri')).toBe(`${app.url}/account/session/callback`);
    expect((await alice.visit(await alice.back(new URL(location ?? '')))).status).toBe(303);
    expect((await alice.visit(`${app.url}/auth/login`)).status).toBe(404);
  });

  it('with helmet works, and our pages keep their own policy', async () => {
    const app = await start({ configure: (nest) => void nest.use(helmet()) });
    const alice = new Person(authentik);
    expect((await alice.signIn(app.url)).status).toBe(303);
    const page = await alice.visit(`${app.url}/auth/error?error=login_denied`);
    expect(page.headers['content-security-policy']).toContain("default-src 'none'");
    expect(page.headers['x-frame-options']).toBe('DENY');
    expect((await alice.visit(`${app.url}/page/me`)).status).toBe(200);
  });

  it('with guards for all handlers leaves the routes open', async () => {
    const app = await start({ extras: { globalGuards: true } });
    const alice = new Person(authentik);
    expect((await alice.visit(`${app.url}/page/open`)).status).toBe(302);
    expect((await alice.signIn(app.url)).status).toBe(303);
    expect((await alice.visit(`${app.url}/page/open`)).status).toBe(200);
  });
});

describe('a secret that is made for one start', () => {
  it.each([
    ['for a developer', undefined, 'log'],
    ['where others come', 'https://reports.example.com', 'warn'],
  ])('%s is told at the level of what it means there', async (_where, publicUrl, level) => {
    const log = recordLog();
    const options = { session: { secrets: undefined } as object };
    await start({ options, logger: log.logger, ...(publicUrl !== undefined && { publicUrl }) });
    const told = log.lines.filter((line) => line.includes('a secret was made for this start'));
    expect(told).toEqual([expect.stringMatching(new RegExp(`^${level} session.secrets is not set`, 'u'))]);
  });
});

describe('behind a proxy that speaks https', () => {
  const publicUrl = 'https://reports.example.com';
  const https = { accept: 'application/json', 'x-forwarded-proto': 'https' };

  it('the cookies are for https and this host alone', async () => {
    const app = await start({
      publicUrl,
      configure: (nest) => void (nest as NestExpressApplication).set('trust proxy', 1),
    });
    const alice = new Person(authentik);
    const begun = await alice.visit(`${app.url}/auth/login`, https);
    expect(begun.status).toBe(302);
    expect(begun.cookies).toEqual([
      expect.stringMatching(/^__Host-authentik-login=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax; Secure$/u),
    ]);
    const url = new URL(begun.location ?? '');
    expect(url.searchParams.get('redirect_uri')).toBe(`${publicUrl}/auth/callback`);
  });

  it('that nobody told Express of, signing in is a 503, and the log has the line to add', async () => {
    const log = recordLog();
    const app = await start({ publicUrl, logger: log.logger });
    const page = await new Person(authentik).visit(`${app.url}/auth/login`, https);
    expect(page.status).toBe(503);
    expect(page.json()).toMatchObject({ error: 'sessions_unavailable' });
    expect(log.lines.some((line) => line.includes("app.set('trust proxy', 1)"))).toBe(true);
  });
});
