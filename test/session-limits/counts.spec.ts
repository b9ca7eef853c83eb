import { createClient } from 'redis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';

import type { AuthentikLogger } from '../../libs/authentik/src/observability/authentik-logger.js';
import { StoreThrottlerStorage } from '../../libs/authentik/src/session/limits/store-throttler-storage.js';
import type { KeyValueStore } from '../../libs/authentik/src/stores/key-value-store.js';
import { MemoryStore } from '../../libs/authentik/src/stores/memory.store.js';
import { RedisStore } from '../../libs/authentik/src/stores/redis.store.js';
import { type RedisServer, startRedis } from '../harness/redis-server.js';

let redis: RedisServer;
let prefix = 0;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.kill());

const logger = { log: () => undefined, warn: () => undefined } as unknown as AuthentikLogger;
async function connect(keyPrefix: string): Promise<KeyValueStore> {
  const store = new RedisStore({
    open: (settings) => createClient({ url: redis.url, ...settings }),
    logger,
    timeoutMs: 2000,
    keyPrefix,
  });
  await vi.waitFor(() => expect(store.isReachable).toBe(true));
  return store;
}

const minuteMs = 60_000;
const ask = (storage: StoreThrottlerStorage, key = 'address', ttlMs = minuteMs, blockMs = minuteMs) =>
  storage.increment(key, ttlMs, 5, blockMs, 'default');

describe.each([
  [
    'in memory',
    async () => {
      const store = new MemoryStore();
      return [store, store] as const;
    },
  ],
  [
    'in one Redis for two processes',
    async () => {
      prefix += 1;
      return [await connect(`limits${prefix}:`), await connect(`limits${prefix}:`)] as const;
    },
  ],
])('counts %s', (_where, open) => {
  let stores: readonly [KeyValueStore, KeyValueStore];
  let one: StoreThrottlerStorage;
  let other: StoreThrottlerStorage;
  beforeEach(async () => {
    stores = await open();
    one = new StoreThrottlerStorage(stores[0]);
    other = new StoreThrottlerStorage(stores[1]);
  });
  afterEach(() => Promise.all(stores.map((store) => store.close())));

  it('let through exactly as many as the limit says, however many ask at once', async () => {
    const answers = await Promise.all(Array.from({ length: 60 }, (_, at) => ask(at % 2 === 0 ? one : other)));
    expect(answers.filter(({ isBlocked }) => !isBlocked)).toHaveLength(5);
  });

  it('say how long a block lasts', async () => {
    for (let hit = 0; hit < 5; hit += 1) await ask(one);
    const blocked = await ask(other);
    expect(blocked).toMatchObject({ isBlocked: true });
    expect(blocked.timeToBlockExpire).toBeGreaterThan(58);
    expect(blocked.timeToBlockExpire).toBeLessThanOrEqual(60);
  });

  it('know one address from another', async () => {
    for (let hit = 0; hit < 6; hit += 1) await ask(one);
    expect(await ask(one, 'another')).toMatchObject({ totalHits: 1, isBlocked: false });
  });

  it('begin anew when a block is over', async () => {
    for (let hit = 0; hit < 6; hit += 1) await ask(one, 'address', 50, 50);
    await vi.waitFor(async () => expect(await ask(other, 'address', 50, 50)).toMatchObject({ isBlocked: false }));
  });
});

describe('a store that is away', () => {
  it('counts nobody, and says so', async () => {
    const store = await connect('away:');
    await redis.kill();
    await expect(ask(new StoreThrottlerStorage(store))).rejects.toMatchObject({ code: 'ERR_AUTHENTIK_UNAVAILABLE' });
    await redis.start();
    await vi.waitFor(() => expect(store.isReachable).toBe(true), { timeout: 10_000 });
    expect(await ask(new StoreThrottlerStorage(store))).toMatchObject({ isBlocked: false });
    await store.close();
  });
});
