import session from 'express-session';
import { decodeJwt } from 'jose';
import { startEmbeddedAuthentik, type EmbeddedAuthentik } from 'nestjs-authentik-testing';
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';

import { AUTHENTIK_STORE } from '../../libs/authentik/src/authentik.constants.js';
import { subjectIndexKey } from '../../libs/authentik/src/session/store/session-keys.js';
import { SessionRegistry } from '../../libs/authentik/src/session/store/session-registry.js';
import type { KeyValueStore } from '../../libs/authentik/src/stores/key-value-store.js';
import { type SessionApp, type SessionAppShape, startSessionApp } from './app.js';
import { Person } from './tab.js';

let authentik: EmbeddedAuthentik;
let app: SessionApp;
let alice: { issuer: string; subject: string };

beforeAll(async () => {
  authentik = await startEmbeddedAuthentik();
  const { sub = '' } = decodeJwt(await authentik.mintAccessToken({ user: 'alice' }));
  alice = { issuer: authentik.issuer(), subject: sub };
});
afterAll(() => authentik.stop());
afterEach(() => app.stop());

const start = async (options: SessionAppShape['options'] = {}) => {
  app = await startSessionApp(authentik, { options });
  return app.app.get(SessionRegistry, { strict: false });
};
const me = async (person: Person) => (await person.ask(`${app.url}/page/me`)).status;

/** A store that takes its time where somebody signs in, until it is let go. */
class SlowStore extends session.MemoryStore {
  /** Resolves when a session is to be saved. */
  readonly isAsked: Promise<void>;
  letGo: () => void = () => undefined;
  private asked: () => void = () => undefined;
  private readonly free = new Promise<void>((resolve) => {
    this.letGo = resolve;
  });

  constructor() {
    super();
    this.isAsked = new Promise((resolve) => {
      this.asked = resolve;
    });
  }

  override set(sid: string, data: session.SessionData, callback?: (error?: unknown) => void): void {
    if (!('authentik' in data)) return super.set(sid, data, callback);
    this.asked();
    void this.free.then(() => super.set(sid, data, callback));
  }
}

describe('the index of the sessions of a person', () => {
  it('keeps one that is just being saved while all of that person are ended, so that it can be ended later', async () => {
    const store = new SlowStore();
    const registry = await start({ session: { store } });
    const person = new Person(authentik);
    const signedIn = person.signIn(app.url);
    await store.isAsked;
    expect(await registry.endBySubject(alice)).toEqual([]);
    store.letGo();
    expect((await signedIn).status).toBe(303);
    expect(await me(person)).toBe(200);
    expect(await registry.endBySubject(alice)).toHaveLength(1);
    expect(await me(person)).toBe(401);
  });

  it('lets go of those that ran out of time, when all of that person are ended', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    onTestFinished(() => void vi.useRealTimers());
    const registry = await start({ session: { idleSeconds: 600 } });
    const values = app.app.get<KeyValueStore>(AUTHENTIK_STORE, { strict: false });
    const [idle, busy] = [new Person(authentik), new Person(authentik)];
    await idle.signIn(app.url);
    vi.setSystemTime(Date.now() + 601_000);
    await busy.signIn(app.url);
    expect((await values.readIndex(subjectIndexKey(alice))).size).toBe(2);
    expect(await registry.endBySubject(alice)).toHaveLength(1);
    expect((await values.readIndex(subjectIndexKey(alice))).size).toBe(0);
  });
});
