import { Controller, Get } from '@nestjs/common';
import { Authenticated, type AuthentikUser, CurrentUser } from 'nestjs-authentik';
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

const start = async (session: object) => {
  app = await startSessionApp(authentik, {
    options: { internalUrl: bent.url, session },
    controllers: [PageController, Users],
  });
};
const pass = (seconds: number) => vi.setSystemTime(Date.now() + seconds * 1000);
const signedIn = async () => {
  const alice = new Person(authentik);
  await alice.signIn(app.url);
  return alice;
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

  it('are not taken where they are about somebody else', async () => {
    await start({ membershipMaxAgeSeconds: 60 });
    const alice = await signedIn();
    const before = (await alice.ask(`${app.url}/user`)).json();
    bent.bendUserInfo((answer) => ({ ...answer, sub: 'another', groups: ['newcomers'] }));
    pass(61);
    expect((await alice.ask(`${app.url}/user`)).json()).toEqual(before);
  });
});
