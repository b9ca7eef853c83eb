import session from 'express-session';
import { startEmbeddedAuthentik, type EmbeddedAuthentik } from 'nestjs-authentik-testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';

import { SessionRegistry } from '../../libs/authentik/src/session/store/session-registry.js';
import { recordLog } from '../harness/log-lines.js';
import { type SessionApp, type SessionAppShape, startSessionApp } from './app.js';
import { type BentAuthentik, bendAuthentik } from './bent-authentik.js';
import { Person } from './tab.js';

interface Tokens {
  readonly access_token: string;
  readonly refresh_token: string;
}

let authentik: EmbeddedAuthentik;
let bent: BentAuthentik;
let app: SessionApp;
/** What Authentik gave, in its order. */
let given: Tokens[];

beforeAll(async () => {
  authentik = await startEmbeddedAuthentik({
    applications: [{ slug: 'mcp-server', clientType: 'public', accessTokenValidity: 'hours=1' }],
  });
  bent = await bendAuthentik(authentik);
});
afterAll(async () => {
  await bent.stop();
  await authentik.stop();
});
beforeEach(() => {
  given = [];
  bent.bendTokens(note);
});
afterEach(async () => {
  await authentik.clearFaults();
  await app.stop();
});

const note = (answer: object) => {
  given.push(answer as Tokens);
  return answer as Record<string, unknown>;
};
const start = async ({ options, ...shape }: SessionAppShape = {}) => {
  app = await startSessionApp(authentik, {
    ...shape,
    options: { internalUrl: bent.url, ...options, session: Object.assign({ keepTokens: true }, options?.session) },
  });
};
const signedIn = async () => {
  const alice = new Person(authentik);
  expect((await alice.signIn(app.url)).status).toBe(303);
  return alice;
};
const me = async (person: Person) => (await person.ask(`${app.url}/page/me`)).status;
const useDates = () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  onTestFinished(() => void vi.useRealTimers());
};
const pass = (seconds: number) => vi.setSystemTime(Date.now() + seconds * 1000);

/** Whether Authentik still takes them. Asks by using them, so that they are of no use afterwards. */
async function areAlive({ access_token, refresh_token }: Tokens): Promise<[access: boolean, refresh: boolean]> {
  const userInfo = await fetch(`${authentik.url}/application/o/userinfo/`, {
    headers: { authorization: `Bearer ${access_token}` },
  });
  const refresh = await fetch(`${authentik.url}/application/o/token/`, {
    method: 'POST',
    body: new URLSearchParams({ grant_type: 'refresh_token', refresh_token, client_id: 'mcp-server' }),
  });
  return [userInfo.ok, refresh.ok];
}
const revocations = () => authentik.requests.filter(({ path }) => path.endsWith('/revoke/')).length;
/** Waits until both tokens of so many sessions have been revoked, besides those that were before. */
const revoked = (sessions: number, before: number) => expect.poll(() => revocations() - before).toBe(2 * sessions);

describe('what a session kept is revoked at Authentik', () => {
  it('when another sign-in in the same browser replaces it, and what the new one keeps is not', async () => {
    await start();
    const before = revocations();
    const alice = await signedIn();
    expect((await alice.signIn(app.url)).status).toBe(303);
    await revoked(1, before);
    expect(await me(alice)).toBe(200);
    const [old, fresh] = given as [Tokens, Tokens];
    expect(await areAlive(old)).toEqual([false, false]);
    expect(await areAlive(fresh)).toEqual([true, true]);
  });

  it('when it has lasted as long as it may, and the store still shows it', async () => {
    useDates();
    await start({
      options: { session: { store: new session.MemoryStore(), idleSeconds: 600, absoluteSeconds: 1200 } },
    });
    const before = revocations();
    const alice = await signedIn();
    pass(1201);
    expect(await me(alice)).toBe(401);
    await revoked(1, before);
    expect(await areAlive(given[0] as Tokens)).toEqual([false, false]);
  });

  it('when Authentik lets it go on no longer', async () => {
    useDates();
    await start({ options: { session: { idleSeconds: 7200 } } });
    const before = revocations();
    const alice = await signedIn();
    // Used up by somebody else.
    await areAlive(given[0] as Tokens);
    pass(3550);
    expect(await me(alice)).toBe(401);
    await revoked(1, before);
    expect(await areAlive(given[0] as Tokens)).toEqual([false, false]);
  });

  it('when it ends while they are refreshed: the fresh ones too', async () => {
    useDates();
    await start({ options: { session: { idleSeconds: 7200 } } });
    const before = revocations();
    const alice = await signedIn();
    const { user } = (await alice.ask(`${app.url}/auth/user`)).json() as { user: { id: string } };
    const registry = app.app.get(SessionRegistry, { strict: false });
    bent.bendTokens(async (answer) => {
      await registry.endBySubject({ issuer: authentik.issuer(), subject: user.id }, 'revoked');
      return note(answer);
    });
    pass(3550);
    expect(await me(alice)).toBe(401);
    await revoked(1, before);
    expect(await areAlive(given[1] as Tokens)).toEqual([false, false]);
  });
});

describe('an Authentik that revokes nothing', () => {
  it('holds up no sign-in', async () => {
    await start({ options: { timeoutMs: 60_000 } });
    const before = revocations();
    const alice = await signedIn();
    // Far longer than a test may last; it is let go when the faults are cleared.
    await authentik.fault('slow', { endpoint: 'revoke', delayMs: 3_600_000 });
    expect((await alice.signIn(app.url)).status).toBe(303);
    expect(await me(alice)).toBe(200);
    await revoked(1, before);
  });

  it('fails no sign-in, and the log says so without the tokens', async () => {
    const log = recordLog();
    await start({ logger: log.logger });
    const alice = await signedIn();
    await authentik.fault('error500', { endpoint: 'revoke' });
    expect((await alice.signIn(app.url)).status).toBe(303);
    expect(await me(alice)).toBe(200);
    const failures = () => log.lines.filter((line) => line.startsWith('warn') && line.includes('could not be revoked'));
    await expect.poll(() => failures().length).toBe(2);
    const secrets = given.flatMap(({ access_token, refresh_token }) => [access_token, refresh_token]);
    expect(secrets).toHaveLength(4);
    for (const secret of secrets) expect(log.lines.join('\n')).not.toContain(secret);
  });
});
