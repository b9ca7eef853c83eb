import { createClient } from 'redis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';

import type { AuthentikLogger } from '../../libs/authentik/src/observability/authentik-logger.js';
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

async function openRedisStore(): Promise<KeyValueStore> {
  prefix += 1;
  const store = new RedisStore({
    open: (settings) => createClient({ url: redis.url, ...settings }),
    logger,
    timeoutMs: 2000,
    keyPrefix: `test${prefix}:`,
  });
  await vi.waitFor(() => expect(store.isReachable).toBe(true));
  return store;
}

const seconds = () => Date.now() / 1000;

describe.each([
  ['in memory', async (): Promise<KeyValueStore> => new MemoryStore()],
  ['in Redis', openRedisStore],
])('a store %s', (_where, open) => {
  let store: KeyValueStore;

  beforeEach(async () => {
    store = await open();
  });
  afterEach(() => store.close());

  it('gives back what was set, byte for byte, and nothing for what was not', async () => {
    await store.set('key', 'grüße\u0000\r\n{"a":1}', 10);
    expect(await store.get('key')).toBe('grüße\u0000\r\n{"a":1}');
    expect(await store.get('other')).toBeUndefined();
  });

  it('keeps an empty value apart from none', async () => {
    await store.set('key', '', 10);
    expect(await store.get('key')).toBe('');
    expect(await store.compareAndSet('key', undefined, 'x', 10)).toBe(false);
    expect(await store.compareAndSet('key', '', 'x', 10)).toBe(true);
  });

  it('ends a value with its time, and lets a new one begin anew', async () => {
    await store.set('short', 'value', 0.05);
    await store.set('renewed', 'value', 0.05);
    await store.set('renewed', 'value', 10);
    await vi.waitFor(async () => expect(await store.get('short')).toBeUndefined());
    expect(await store.get('renewed')).toBe('value');
  });

  it('takes a value without time left as one whose time is over', async () => {
    await store.set('key', 'value', 10);
    await store.set('key', 'newer', 0);
    expect(await store.get('key')).toBeUndefined();
    expect(await store.compareAndSet('key', undefined, 'value', -1)).toBe(true);
    expect(await store.get('key')).toBeUndefined();
    await store.set('key', 'value', 10);
    expect(await store.compareAndSet('key', 'value', 'newer', 0)).toBe(true);
    expect(await store.get('key')).toBeUndefined();
  });

  it('lets one of many have a lock, and another one when it is over', async () => {
    const tries = await Promise.all(
      Array.from({ length: 50 }, (_, index) => store.compareAndSet('lock', undefined, String(index), 10)),
    );
    expect(tries.filter(Boolean)).toHaveLength(1);
    expect(await store.get('lock')).toBe(String(tries.indexOf(true)));
    await store.delete('lock');
    expect(await store.compareAndSet('lock', undefined, 'next', 0.05)).toBe(true);
    await vi.waitFor(async () => expect(await store.compareAndSet('lock', undefined, 'last', 10)).toBe(true));
  });

  it('replaces a value only if it is the expected one still', async () => {
    await store.set('key', 'a', 10);
    expect(await store.compareAndSet('key', 'b', 'c', 10)).toBe(false);
    expect(await store.get('key')).toBe('a');
    const tries = await Promise.all(
      Array.from({ length: 50 }, (_, index) => store.compareAndSet('key', 'a', `new ${index}`, 10)),
    );
    expect(tries.filter(Boolean)).toHaveLength(1);
    expect(await store.compareAndSet('none', 'a', 'b', 10)).toBe(false);
  });

  it('gives a value that is taken to one of many', async () => {
    await store.set('key', 'value', 10);
    const taken = await Promise.all(Array.from({ length: 50 }, () => store.take('key')));
    expect(taken.filter((value) => value !== undefined)).toEqual(['value']);
    expect(await store.get('key')).toBeUndefined();
  });

  it('deletes, and does not mind what is not there', async () => {
    await store.set('key', 'value', 10);
    await store.delete('key');
    await store.delete('key');
    expect(await store.get('key')).toBeUndefined();
  });

  it('keeps the members of an index, each for its own time, the later one if there are two', async () => {
    const later = Math.floor(seconds()) + 100;
    await store.addToIndex('index', 'brief', seconds() + 0.2);
    await store.addToIndex('index', 'over', seconds() - 1);
    await store.addToIndex('index', 'long', later);
    await store.addToIndex('index', 'long', later - 50);
    expect([...(await store.readIndex('index')).keys()].toSorted()).toEqual(['brief', 'long']);
    expect((await store.readIndex('index')).get('long')).toBe(later);
    await vi.waitFor(async () => expect([...(await store.readIndex('index')).keys()]).toEqual(['long']));
    await store.removeFromIndex('index', 'long');
    expect((await store.readIndex('index')).size).toBe(0);
    expect((await store.readIndex('other')).size).toBe(0);
  });

  it('tells all who listen to a channel, itself included, until they end it', async () => {
    const heard: string[] = [];
    const end = await store.subscribe('channel', (message) => heard.push(`one ${message}`));
    await store.subscribe('channel', (message) => heard.push(`two ${message}`));
    await store.subscribe('other', (message) => heard.push(`other ${message}`));
    await store.publish('channel', 'a');
    await vi.waitFor(() => expect(heard.toSorted()).toEqual(['one a', 'two a']));
    await end();
    await store.publish('channel', 'b');
    await vi.waitFor(() => expect(heard).toContain('two b'));
    expect(heard).not.toContain('one b');
  });

  it('is within reach', () => {
    expect(store.isReachable).toBe(true);
  });
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
