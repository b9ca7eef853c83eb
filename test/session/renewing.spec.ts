import { Controller, Get } from '@nestjs/common';
import { Authenticated, type AuthentikOptions, type AuthentikUser, CurrentUser } from 'nestjs-authentik';
import { startEmbeddedAuthentik, type EmbeddedAuthentik } from 'nestjs-authentik-testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';

import { AUTHENTIK_STORE } from '../../libs/authentik/src/authentik.constants.js';
import { lockKey } from '../../libs/authentik/src/session/store/session-keys.js';
import type { KeyValueStore } from '../../libs/authentik/src/stores/key-value-store.js';
import { PageController, type SessionApp, startSessionApp } from './app.js';
import { type BentAuthentik, bendAuthentik } from './bent-authentik.js';
import { Person } from './tab.js';

@Controller()
class Users {
  @Get('user')
  @Authenticated()
  user(@CurrentUser() user: AuthentikUser) {
    return user;
  }
}

let authentik: EmbeddedAuthentik;
let bent: BentAuthentik;
let app: SessionApp;

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
  vi.useFakeTimers({ toFake: ['Date'] });
});
afterEach(async () => {
  vi.useRealTimers();
  bent.straighten();
  await app.stop();
});

const start = async (session: object, options: Partial<AuthentikOptions> = {}) => {
  app = await startSessionApp(authentik, {
    options: { internalUrl: bent.url, session, ...options },
    controllers: [PageController, Users],
  });
};
const pass = (seconds: number) => vi.setSystemTime(Date.now() + seconds * 1000);
const callsTo = (path: string) => authentik.requests.filter((entry) => entry.path.endsWith(path)).length;
const signedIn = async (username = 'alice') => {
  const person = new Person(authentik, username);
  await person.signIn(app.url);
  return person;
};
/** The id of the session, as its signed cookie names it. */
const sidOf = ({ atApp }: Person) =>
  /^s:([^.]+)\./u.exec(decodeURIComponent(atApp.cookies.get('authentik') ?? ''))?.[1] ?? '';

describe('a refresh', () => {
  it('gives its own lock back, and not that of the next one, where it took longer than a lock lasts', async () => {
    await start({ keepTokens: true, idleSeconds: 7200 });
    const alice = await signedIn();
    const values = app.app.get<KeyValueStore>(AUTHENTIK_STORE, { strict: false });
    const lock = lockKey(sidOf(alice));
    let isTaken = false;
    bent.bendTokens(async (answer) => {
      pass(60);
      isTaken = await values.compareAndSet(lock, undefined, 'the next holder', 60);
      return answer;
    });
    pass(3550);
    expect((await alice.ask(`${app.url}/page/me`)).status).toBe(200);
    expect(isTaken).toBe(true);
    expect(await values.get(lock)).toBe('the next holder');
  });

  it('leaves no lock behind', async () => {
    await start({ keepTokens: true, idleSeconds: 7200 });
    const alice = await signedIn();
    const values = app.app.get<KeyValueStore>(AUTHENTIK_STORE, { strict: false });
    const lock = lockKey(sidOf(alice));
    let held: string | undefined;
    bent.bendTokens(async (answer) => {
      held = await values.get(lock);
      return answer;
    });
    pass(3550);
    expect((await alice.ask(`${app.url}/page/me`)).status).toBe(200);
    expect(held).toBeDefined();
    expect(await values.get(lock)).toBeUndefined();
  });
});

describe('claims that are read again', () => {
  it('tell of the person, and change nothing of what was signed: whose session it is, and what was granted', async () => {
    await start({ membershipMaxAgeSeconds: 60 });
    const alice = await signedIn();
    const user = async () => (await alice.ask(`${app.url}/user`)).json() as AuthentikUser;
    const before = await user();
    const { sub } = before.claims;
    const signed = {
      iss: 'https://evil.example/application/o/mcp-server/',
      aud: 'another',
      azp: 'another',
      sid: 'another',
      exp: 1,
      iat: 1,
      nbf: 1,
      jti: 'another',
      nonce: 'another',
      scope: 'openid admin',
      auth_time: 1,
      acr: 'another',
      amr: ['another'],
    };
    bent.bendUserInfo((answer) => ({ ...answer, ...signed, sub, groups: ['newcomers'], name: 'Alice Anew' }));
    pass(61);
    const after = await user();
    expect(after).toMatchObject({ groups: ['newcomers'], name: 'Alice Anew' });
    const { groups: _groups, name: _name, claims: _claims, ...rest } = before;
    expect(after).toMatchObject(rest);
    for (const name of Object.keys(signed)) expect([name, after.claims[name]]).toEqual([name, before.claims[name]]);
  });

  it('end the session where they are about somebody else, and its tokens; that is no outage', async () => {
    const ended: string[] = [];
    await start(
      { membershipMaxAgeSeconds: 60 },
      { onLogout: ({ username }, reason) => void ended.push(`${username} ${reason}`) },
    );
    const [alice, bob] = [await signedIn(), await signedIn('bob')];
    bent.bendUserInfo((answer) => {
      bent.straighten();
      return { ...answer, sub: 'another', groups: ['newcomers'] };
    });
    pass(61);
    const before = callsTo('/token/');
    expect((await alice.ask(`${app.url}/user`)).status).toBe(401);
    expect(ended).toEqual(['alice grant_ended']);
    // Other tokens of the same grant would tell the same.
    expect(callsTo('/token/')).toBe(before);
    await expect.poll(() => callsTo('/revoke/')).toBe(2);
    expect((await alice.ask(`${app.url}/user`)).status).toBe(401);
    // Nobody is left alone for it, as in an outage: the next session is renewed at once.
    const beforeBob = callsTo('/userinfo/');
    expect((await bob.ask(`${app.url}/user`)).status).toBe(200);
    expect(callsTo('/userinfo/')).toBe(beforeBob + 1);
  });
});
