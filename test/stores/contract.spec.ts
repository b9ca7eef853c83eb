import { AssertionError } from 'node:assert';

import { createClient } from 'redis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';

import type { KeyValueStore } from 'nestjs-authentik';
import {
  type ContractCase,
  sharedStoreContract,
  storeContract,
  unreachableStoreContract,
} from 'nestjs-authentik-testing/contracts';
import type { AuthentikLogger } from '../../libs/authentik/src/observability/authentik-logger.js';
import { MemoryStore } from '../../libs/authentik/src/stores/memory.store.js';
import { RedisStore } from '../../libs/authentik/src/stores/redis.store.js';
import { type RedisServer, startRedis } from '../harness/redis-server.js';

let redis: RedisServer;

const table = <T extends readonly unknown[]>(cases: readonly ContractCase<T>[]) =>
  cases.map(({ name, run }) => [name, run] as const);

beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.kill());

const logger = { log: () => undefined, warn: () => undefined } as unknown as AuthentikLogger;

const redisStore = () =>
  new RedisStore({
    open: (settings) => createClient({ url: redis.url, ...settings }),
    logger,
    timeoutMs: 2000,
    keyPrefix: 'test:',
  });

async function openRedisStore(): Promise<KeyValueStore> {
  const store = redisStore();
  await vi.waitFor(() => expect(store.isReachable).toBe(true));
  return store;
}

describe.each([
  ['in memory', async (): Promise<KeyValueStore> => new MemoryStore()],
  ['in Redis', openRedisStore],
])('a store %s', (_where, open) => {
  let store: KeyValueStore;

  beforeEach(async () => {
    store = await open();
  });
  afterEach(() => store.close());

  it.each(table(storeContract))('%s', (_name, run) => run(store));
});

describe('two stores in one Redis', () => {
  let stores: [KeyValueStore, KeyValueStore];

  beforeEach(async () => {
    stores = [await openRedisStore(), await openRedisStore()];
  });
  afterEach(() => Promise.all(stores.map((store) => store.close())));

  it.each(table(sharedStoreContract))('%s', (_name, run) => run(...stores));
});

describe('a store in a Redis that is away', () => {
  let store: KeyValueStore;

  beforeAll(() => redis.kill());
  afterAll(() => redis.start());
  beforeEach(() => {
    store = redisStore();
  });
  afterEach(() => store.close());

  it.each(table(unreachableStoreContract))('%s', (_name, run) => run(store));
});

describe('a store in memory', () => {
  it('holds a bounded number of values, and lets go of those that nobody asked for', async () => {
    const store = new MemoryStore(100);
    await store.set('in use', 'value', 1000);
    for (let index = 0; index < 1000; index += 1) {
      await store.set(String(index), 'value', 1000);
      await store.get('in use');
    }
    expect(await store.get('in use')).toBe('value');
    expect(await store.get('0')).toBeUndefined();
    expect(await store.get('999')).toBe('value');
  });
});

/** Stores as somebody might write them at first. */
const mistakes: Readonly<Record<string, (store: MemoryStore) => Partial<KeyValueStore>>> = {
  'knows no time': (store) => ({ set: (key, value) => store.set(key, value, 1000) }),
  'takes an empty value for none': (store) => ({ get: async (key) => (await store.get(key)) || undefined }),
  'compares first and sets then': (store) => ({
    compareAndSet: async (key, expected, value, ttlSeconds) => {
      if ((await store.get(key)) !== expected) return false;
      await store.set(key, value, ttlSeconds);
      return true;
    },
  }),
  'reads first and deletes then': (store) => ({
    take: async (key) => {
      const value = await store.get(key);
      await store.delete(key);
      return value;
    },
  }),
  'counts the earlier moment of a member': (store) => ({
    addToIndex: async (key, member, expiresAtSeconds) => {
      await store.removeFromIndex(key, member);
      await store.addToIndex(key, member, expiresAtSeconds);
    },
  }),
  'shows members whose time is over': (store) => ({
    addToIndex: (key, member, expiresAtSeconds) => store.addToIndex(key, member, expiresAtSeconds + 100),
  }),
  'keeps on telling who has ended it': (store) => ({
    subscribe: async (channel, onMessage) => {
      await store.subscribe(channel, onMessage);
      return async () => undefined;
    },
  }),
  'tells all channels everything': (store) => ({
    subscribe: (_channel, onMessage) => store.subscribe('all', onMessage),
    publish: (_channel, message) => store.publish('all', message),
  }),
  'is never there': () => ({ isReachable: false }),
};

describe('the contract is broken by a store that', () => {
  it.each(Object.entries(mistakes))('%s', async (_name, mistake) => {
    const store = new MemoryStore();
    const members = mistake(store) as Readonly<Record<string | symbol, unknown>>;
    const broken = new Proxy<KeyValueStore>(store, {
      get: (target, name) => {
        const member: unknown = name in members ? members[name] : Reflect.get(target, name);
        return typeof member === 'function' ? (member.bind(target) as unknown) : member;
      },
    });
    await expect(Promise.all(storeContract.map(({ run }) => run(broken)))).rejects.toBeInstanceOf(AssertionError);
  });
});
