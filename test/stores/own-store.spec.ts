import { Controller, Get, type INestApplication } from '@nestjs/common';
import { Authenticated, AuthentikTokenService, AuthentikUnavailableError } from 'nestjs-authentik';
import { type EmbeddedAuthentik, startEmbeddedAuthentik } from 'nestjs-authentik-testing';
import request from 'supertest';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';

import { MemoryStore } from '../../libs/authentik/src/stores/memory.store.js';
import { Revocations } from '../../libs/authentik/src/tokens/verify/revocations.js';
import { startRestApp } from '../harness/rest-app.js';

@Controller('reports')
class ReportsController {
  @Get() @Authenticated() list() {
    return 'in';
  }
}

/** Of somebody who has another database, which both processes use. */
const database = new MemoryStore();
class OwnStore extends MemoryStore {
  // Its type says that a store in memory never is.
  override readonly isShared = true as never;
  closed = 0;
  override readIndex = (key: string) => database.readIndex(key);
  override addToIndex = (key: string, member: string, expiresAt: number) => database.addToIndex(key, member, expiresAt);
  override publish = (channel: string, message: string) => database.publish(channel, message);
  override subscribe = (channel: string, onMessage: (message: string) => void) =>
    database.subscribe(channel, onMessage);
  override async close() {
    this.closed += 1;
  }
}

let authentik: EmbeddedAuthentik;
beforeAll(async () => {
  authentik = await startEmbeddedAuthentik();
});
afterAll(() => authentik.stop());

const start = (store: OwnStore) =>
  startRestApp(authentik.url, { controllers: [ReportsController], options: { store } });
const ask = async (app: INestApplication, accessToken: string) =>
  (await request(app.getHttpServer()).get('/reports').set('authorization', `Bearer ${accessToken}`)).status;

describe('a store of the app', () => {
  it('is where its processes meet, and is closed with the app', async () => {
    const stores = [new OwnStore(), new OwnStore()] as const;
    const [one, two] = [await start(stores[0]), await start(stores[1])];
    const accessToken = await authentik.mintAccessToken({ user: 'alice' });
    expect(await ask(two, accessToken)).toBe(200);
    await one.get(AuthentikTokenService).revokeToken(accessToken, 'access_token');
    await vi.waitFor(async () => expect(await ask(two, accessToken)).toBe(401));
    await Promise.all([one.close(), two.close()]);
    expect(stores.map(({ closed }) => closed)).toEqual([1, 1]);
  });

  it('may hand over what it has heard while it is told something: a token that this revokes is not remembered', async () => {
    const held: (() => void)[] = [];
    const store = new OwnStore();
    store.subscribe = (channel, onMessage) =>
      database.subscribe(channel, (message) => void held.push(() => onMessage(message)));
    store.addToIndex = (key, member, expiresAt) => {
      for (const handOver of held.splice(0)) handOver();
      return database.addToIndex(key, member, expiresAt);
    };
    const [one, two] = [await start(new OwnStore()), await start(store)];
    await two.get(Revocations).revokeSession({ issuer: `${authentik.url}/`, sessionId: 'of-nobody' });
    // It outlives all others, so that the revocations have to be kept for longer, of which the store is told.
    const exp = Math.floor(Date.now() / 1000) + 48 * 3600;
    const accessToken = await authentik.mintAccessToken({ user: 'alice', claims: { exp } });
    const heldBefore = held.length;
    await one.get(AuthentikTokenService).revokeToken(accessToken, 'access_token');
    await vi.waitFor(() => expect(held.length).toBeGreaterThan(heldBefore));
    expect(await ask(two, accessToken)).toBe(401);
    expect(await ask(two, accessToken)).toBe(401);
    await Promise.all([one.close(), two.close()]);
  });

  it('is asked for what it says of itself: before the list could be read, no token is judged', async () => {
    const store = new OwnStore();
    store.readIndex = () =>
      Promise.reject(new AuthentikUnavailableError('away', { endpoint: 'store', retryAfterSeconds: 1 }));
    const app = await startRestApp(authentik.url, {
      controllers: [ReportsController],
      options: { store, timeoutMs: 200 },
    });
    expect(await ask(app, await authentik.mintAccessToken({ user: 'alice' }))).toBe(503);
    await app.close();
  });
});
