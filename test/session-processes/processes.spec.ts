import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

import { type EmbeddedAuthentik, startEmbeddedAuthentik } from 'nestjs-authentik-testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { FormBrowser } from '../harness/form-browser.js';
import { freePort } from '../harness/free-port.js';
import { type RedisServer, startRedis } from '../harness/redis-server.js';

let redis: RedisServer;
let authentik: EmbeddedAuthentik;
const children: ChildProcess[] = [];
const errors: string[] = [];
/** Where the two listen. Browsers know the first one only. */
let one: string;
let other: string;

beforeAll(async () => {
  const ports = [await freePort(), await freePort()];
  [one = '', other = ''] = ports.map((port) => `http://localhost:${port}`);
  [redis, authentik] = await Promise.all([
    startRedis(),
    startEmbeddedAuthentik({
      applications: [
        {
          slug: 'mcp-server',
          clientType: 'public',
          logoutUri: `${other}/auth/backchannel-logout`,
          redirectUris: [`${one}/auth/callback`],
        },
      ],
    }),
  ]);
  await Promise.all(ports.map(startApp));
});
afterAll(async () => {
  for (const child of children) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    await ended;
  }
  await authentik.stop();
  await redis.kill();
});

async function startApp(port: number): Promise<void> {
  const child = spawn(process.execPath, [fileURLToPath(new URL('app-process.mjs', import.meta.url))], {
    env: {
      PATH: process.env['PATH'],
      PORT: String(port),
      NO_COLOR: '1',
      AUTHENTIK_URL: authentik.url,
      AUTHENTIK_APPLICATION_SLUG: 'mcp-server',
      AUTHENTIK_CLIENT_ID: 'mcp-server',
      AUTHENTIK_PUBLIC_URL: one,
      AUTHENTIK_REDIS_URL: redis.url,
      AUTHENTIK_SESSION_SECRET: 'the same secret for both of these processes',
      AUTHENTIK_SESSION_MAX_LOGOUT_TOKENS_PER_MINUTE: '50',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  child.stderr.on('data', (text: Buffer) => errors.push(text.toString()));
  await Promise.race([
    once(child.stdout, 'data'),
    once(child, 'exit').then(() => {
      throw new Error(`The app ended before it was ready: ${errors.join('')}`);
    }),
  ]);
}

async function signedIn(username = 'alice'): Promise<FormBrowser> {
  const browser = new FormBrowser();
  const shown = await browser.signIn(one, { username, password: authentik.password });
  expect(shown.html).toContain('pid');
  return browser;
}
const ask = (browser: FormBrowser, origin: string) =>
  browser.exchange(`${origin}/me`, { headers: { accept: 'application/json' } });
const statusesOf = async (browser: FormBrowser) => [
  (await ask(browser, one)).status,
  (await ask(browser, other)).status,
];

describe('two processes on one Redis', () => {
  it('know a session that one of them began', async () => {
    const browser = await signedIn();
    const answers = await Promise.all([ask(browser, one), ask(browser, other)]);
    const pids = await Promise.all(answers.map(async (answer) => ((await answer.json()) as { pid: number }).pid));
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect(new Set(pids).size).toBe(2);
  });

  it('both end what a logout token to one of them says', async () => {
    const [alice, bob] = [await signedIn('alice'), await signedIn('bob')];
    expect(await statusesOf(alice)).toEqual([200, 200]);
    authentik.endSessions({ user: 'alice' });
    await authentik.logoutsSettled();
    expect(await statusesOf(alice)).toEqual([401, 401]);
    expect(await statusesOf(bob)).toEqual([200, 200]);
  });

  it('refuse a logout token that the other one has seen', async () => {
    const gone = ['azp', 'uid', 'nonce', 'scope'].map((name) => [name, undefined]);
    const claims = {
      ...Object.fromEntries(gone),
      jti: 'once',
      events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
    };
    const body = new URLSearchParams({ logout_token: await authentik.mintAccessToken({ user: 'mallory', claims }) });
    const send = async (origin: string) =>
      (await fetch(`${origin}/auth/backchannel-logout`, { method: 'POST', body })).status;
    expect(await send(one)).toBe(200);
    expect(await send(other)).toBe(400);
  });

  it('sign out of both at once', async () => {
    const browser = await signedIn();
    expect(await statusesOf(browser)).toEqual([200, 200]);
    await browser.exchange(`${one}/auth/logout`, { method: 'POST' });
    expect(await statusesOf(browser)).toEqual([401, 401]);
  });

  it('say 503 while Redis hangs, use up no logout token meanwhile, and go on when it is back', async () => {
    const [browser, bob] = [await signedIn('alice'), await signedIn('bob')];
    redis.freeze();
    await expect.poll(() => statusesOf(browser), { timeout: 10_000 }).toEqual([503, 503]);
    authentik.endSessions({ user: 'alice' });
    await expect.poll(() => authentik.logoutDeliveries.at(-1)?.attempts, { timeout: 10_000 }).toBeGreaterThan(1);
    redis.thaw();
    await authentik.logoutsSettled();
    expect(authentik.logoutDeliveries.at(-1)).toMatchObject({ state: 'delivered' });
    await expect.poll(() => statusesOf(browser), { timeout: 10_000 }).toEqual([401, 401]);
    expect(await statusesOf(bob)).toEqual([200, 200]);
  });

  it('live on when Redis is killed, and work with the new one', async () => {
    const browser = await signedIn();
    await redis.kill();
    await expect.poll(() => statusesOf(browser), { timeout: 10_000 }).toEqual([503, 503]);
    await redis.start();
    // It was empty: the sessions are gone with it, the processes are not.
    await expect.poll(() => statusesOf(browser), { timeout: 15_000 }).toEqual([401, 401]);
    expect(await statusesOf(await signedIn())).toEqual([200, 200]);
    expect(children.map(({ exitCode }) => exitCode)).toEqual([null, null]);
  });
});
