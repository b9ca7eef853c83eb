import { startEmbeddedAuthentik, type EmbeddedAuthentik } from 'nestjs-authentik-testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { LoginRefusedError } from 'nestjs-authentik';

import { recordLog } from '../harness/log-lines.js';
import { type SessionApp, type SessionAppShape, startSessionApp } from './app.js';
import { bendAuthentik } from './bent-authentik.js';
import { Person } from './tab.js';

let authentik: EmbeddedAuthentik;
let apps: SessionApp[] = [];

beforeAll(async () => {
  authentik = await startEmbeddedAuthentik({
    applications: [
      { slug: 'mcp-server', clientType: 'public' },
      { slug: 'confidential', clientSecret: 'Zq3vX8kLw2Rt6Yp9Bn4Mj7Hd1Fs5Gc0T' },
      { slug: 'lean', clientType: 'public', includeClaimsInIdToken: false },
      { slug: 'es256', clientType: 'public', signing: 'ES256' },
    ],
  });
});
afterAll(() => authentik.stop());
afterEach(async () => {
  await authentik.clearFaults();
  await Promise.all(apps.map((app) => app.stop()));
  apps = [];
});

const start = async (shape: SessionAppShape = {}) => {
  const app = await startSessionApp(authentik, shape);
  apps.push(app);
  return app;
};
const programs = { accept: 'application/json' };

describe('who may not use the app', () => {
  it('is told so on a page, and no session begins; who may gets in', async () => {
    const app = await start({ options: { allowedGroups: ['engineering'] } });
    const [bob, alice] = [new Person(authentik, 'bob'), new Person(authentik)];
    const page = await bob.signIn(app.url, '?returnTo=/page/me');
    expect(page.status).toBe(403);
    expect(page.text).toContain('not_allowed');
    expect(page.text).toContain('href="/auth/login?returnTo=%2Fpage%2Fme"');
    expect(page.cookies).toEqual([]);
    expect((await alice.signIn(app.url)).status).toBe(303);
  });

  it('hears what onLogin has to say, escaped; and the log names who it was', async () => {
    const log = recordLog();
    const app = await start({
      logger: log.logger,
      options: {
        onLogin: (user) => {
          if (user.username === 'bob') throw new LoginRefusedError('Your <trial> is over.');
          if (user.username === 'root') throw new Error('the database is away');
        },
      },
    });
    const page = await new Person(authentik, 'bob').signIn(app.url);
    expect(page.status).toBe(403);
    expect(page.text).toContain('Your &lt;trial&gt; is over.');
    const broken = await new Person(authentik, 'root').signIn(app.url);
    expect(broken.status).toBe(502);
    expect(broken.text).not.toContain('database');
    expect(log.lines.filter((line) => line.includes('the database is away'))).toHaveLength(1);
    expect((await new Person(authentik).signIn(app.url)).status).toBe(303);
  });
});

describe('while Authentik is away', () => {
  it('signing in is a 503 that says when to come again, before and after the person was sent there', async () => {
    const app = await start();
    const alice = new Person(authentik);
    const callback = await alice.back(await alice.begin(app.url));
    await authentik.fault('down');
    const late = await alice.visit(callback);
    expect(late.status).toBe(503);
    expect(late.headers['retry-after']).toBe('5');
    expect(late.text).toContain('authentik_unavailable');
    const cold = await start();
    const early = await new Person(authentik).visit(`${cold.url}/auth/login`, programs);
    expect(early.status).toBe(503);
    expect(early.json()).toMatchObject({ error: 'authentik_unavailable' });
    await authentik.clearFaults();
    expect((await alice.signIn(app.url)).status).toBe(303);
  });

  it('and garbage or a page of errors is no reason to let anybody in', async () => {
    const app = await start();
    for (const kind of ['garbage', 'error500', 'drop'] as const) {
      const alice = new Person(authentik);
      const callback = await alice.back(await alice.begin(app.url));
      await authentik.fault(kind, { endpoint: 'token' });
      const { status } = await alice.visit(callback, programs);
      expect([502, 503]).toContain(status);
      await authentik.clearFaults();
    }
  });

  it('a session goes on', async () => {
    const app = await start();
    const alice = new Person(authentik);
    await alice.signIn(app.url);
    await authentik.fault('down');
    expect((await alice.visit(`${app.url}/page/me`)).status).toBe(200);
  });
});

describe('providers of all kinds', () => {
  it('a confidential one gets the secret', async () => {
    const app = await start({
      options: {
        applicationSlug: 'confidential',
        clientId: 'confidential',
        clientSecret: 'Zq3vX8kLw2Rt6Yp9Bn4Mj7Hd1Fs5Gc0T',
      },
    });
    expect((await new Person(authentik).signIn(app.url)).status).toBe(303);
    const wrong = await start({
      options: { applicationSlug: 'confidential', clientId: 'confidential', clientSecret: 'another-that-is-wrong' },
    });
    const refused = await new Person(authentik).signIn(wrong.url);
    expect(refused.status).toBe(502);
    expect(refused.text).toContain('login_failed');
  });

  it('one that signs with an elliptic curve', async () => {
    const app = await start({ options: { applicationSlug: 'es256', clientId: 'es256' } });
    expect((await new Person(authentik).signIn(app.url)).status).toBe(303);
  });

  it('one without groups in the ID token: UserInfo has them, of the same person only', async () => {
    const bent = await bendAuthentik(authentik);
    try {
      const app = await start({ options: { applicationSlug: 'lean', clientId: 'lean', internalUrl: bent.url } });
      const alice = new Person(authentik);
      await alice.signIn(app.url);
      expect((await alice.ask(`${app.url}/page/me`)).json()).toMatchObject({
        username: 'alice',
        groups: ['engineering', 'mcp-users'],
      });
      bent.bendUserInfo((claims) => ({ ...claims, sub: 'somebody-else', groups: ['authentik Admins'] }));
      const refused = await new Person(authentik).signIn(app.url);
      expect(refused.status).toBe(502);
      expect(refused.text).toContain('invalid_response');
    } finally {
      await bent.stop();
    }
  });
});

describe('pages of failures', () => {
  it('load nothing, are framed by nobody, and tell no address to anybody', async () => {
    const app = await start();
    const page = await new Person(authentik).visit(`${app.url}/auth/error?error=login_expired`);
    expect(page.status).toBe(410);
    expect(page.headers).toMatchObject({
      'cache-control': 'no-store',
      'content-security-policy': expect.stringMatching(/default-src 'none'.*frame-ancestors 'none'/u),
      'content-type': 'text/html; charset=utf-8',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
    });
    expect(page.text).toContain('href="/auth/login"');
  });

  it('show nothing that stands in the address', async () => {
    const app = await start();
    const alice = new Person(authentik);
    for (const word of ['<script>alert(1)</script>', 'constructor', '__proto__', '']) {
      const page = await alice.visit(`${app.url}/auth/error?error=${encodeURIComponent(word)}`);
      expect(page.status).toBe(502);
      expect(page.text).toContain('login_failed');
      expect(page.text).not.toContain('alert');
    }
  });

  it('are JSON for programs', async () => {
    const app = await start();
    const answer = await new Person(authentik).visit(`${app.url}/auth/error?error=login_denied`, programs);
    expect(answer.status).toBe(403);
    expect(answer.json()).toEqual({ error: 'login_denied', error_description: expect.stringContaining('cancelled') });
  });
});

it('a deluge of sign-ins from one address is 429 with the time to wait; others are not concerned', async () => {
  const app = await start({ options: { session: { maxLoginsPerMinute: 3 } } });
  const alice = new Person(authentik);
  for (let count = 0; count < 3; count += 1) await alice.begin(app.url);
  const refused = await alice.visit(`${app.url}/auth/login`, programs);
  expect(refused.status).toBe(429);
  expect(refused.json()).toMatchObject({ error: 'too_many_requests' });
  expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
});
