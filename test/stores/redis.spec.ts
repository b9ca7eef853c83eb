import { createClient } from 'redis';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { AuthentikUnavailableError } from 'nestjs-authentik';
import type { AuthentikLogger } from '../../libs/authentik/src/observability/authentik-logger.js';
import { RedisStore } from '../../libs/authentik/src/stores/redis.store.js';
import { type RedisServer, redisCommand, startRedis } from '../harness/redis-server.js';

let redis: RedisServer;
let lines: string[];
const stores: RedisStore[] = [];

beforeEach(async () => {
  redis = await startRedis();
  lines = [];
});
afterEach(async () => {
  for (const store of stores.splice(0)) await store.close();
  await redis.kill();
});

const write = (line: string) => void lines.push(line);

function open(url = redis.url, timeoutMs = 1000): RedisStore {
  const store = new RedisStore({
    open: (settings) => createClient({ url, ...settings }),
    logger: { log: write, warn: write } as unknown as AuthentikLogger,
    timeoutMs,
    keyPrefix: 'app:',
  });
  stores.push(store);
  return store;
}

const reached = (store: RedisStore) =>
  vi.waitFor(() => expect(store.isReachable).toBe(true), { timeout: 10_000, interval: 20 });

describe('several processes at one Redis', () => {
  it('see the same values and hear each other', async () => {
    const [one, two] = [open(), open()];
    await Promise.all([reached(one), reached(two)]);
    const heard: string[] = [];
    await two.subscribe('news', (message) => heard.push(message));
    await one.set('key', 'value', 10);
    await one.publish('news', 'hello');
    expect(await two.get('key')).toBe('value');
    await vi.waitFor(() => expect(heard).toEqual(['hello']));
  });

  it('write every key under their prefix, and leave none without an end', async () => {
    const store = open();
    await reached(store);
    await store.set('value', 'x', 10);
    await store.compareAndSet('lock', undefined, 'x', 10);
    await store.compareAndSet('lock', 'x', 'y', 10);
    await store.addToIndex('index', 'x', Date.now() / 1000 + 10);
    for (const key of ['value', 'lock', 'index']) {
      expect(await redisCommand(redis.url, 'PTTL', `app:${key}`)).toMatch(/^:[1-9]\d{2,4}\r\n$/u);
    }
    expect(await redisCommand(redis.url, 'DBSIZE')).toBe(':3\r\n');
  });
});

describe('a Redis that goes away', () => {
  it('fails every command at once, queues none, and serves again when it is back', async () => {
    const store = open();
    await reached(store);
    await redis.kill();
    await vi.waitFor(() => expect(store.isReachable).toBe(false));
    const refusals = await Promise.all(
      [
        store.get('key'),
        store.set('key', 'lost', 10),
        store.compareAndSet('key', undefined, 'lost', 10),
        store.take('key'),
        store.delete('key'),
        store.addToIndex('index', 'lost', Date.now() / 1000 + 10),
        store.removeFromIndex('index', 'lost'),
        store.readIndex('index'),
        store.publish('channel', 'lost'),
      ].map((command) =>
        command.then(
          () => 'done',
          (error: unknown) => error,
        ),
      ),
    );
    for (const refusal of refusals) expect(refusal).toBeInstanceOf(AuthentikUnavailableError);
    await redis.start();
    await reached(store);
    expect(await store.get('key')).toBeUndefined();
    expect((await store.readIndex('index')).size).toBe(0);
    expect(lines.filter((line) => /^Redis at 127\.0\.0\.1:\d+ cannot be used now/u.test(line))).toHaveLength(1);
    expect(lines.at(-1)).toMatch(/^Redis at \S+ can be used again\.$/u);
  });

  it('fails what it hangs on, and is as one that is away until it answers again', async () => {
    const store = open(redis.url, 200);
    await reached(store);
    redis.freeze();
    await expect(store.get('key')).rejects.toThrow(/did not answer within 200 ms/u);
    await vi.waitFor(() => expect(store.isReachable).toBe(false), { timeout: 5000 });
    redis.thaw();
    await reached(store);
    await store.set('key', 'value', 10);
    expect(await store.get('key')).toBe('value');
  });

  it('listens again by itself, and says that something may have been missed', async () => {
    const store = open();
    await reached(store);
    const heard: string[] = [];
    await store.subscribe(
      'news',
      (message) => heard.push(message),
      () => heard.push('missed'),
    );
    await redis.kill();
    await redis.start();
    await vi.waitFor(() => expect(heard).toContain('missed'), { timeout: 10_000 });
    await store.publish('news', 'hello');
    await vi.waitFor(() => expect(heard.at(-1)).toBe('hello'));
  });

  it('may be away when a process starts, which then listens as soon as it comes', async () => {
    await redis.kill();
    const store = open();
    const heard: string[] = [];
    await store.subscribe(
      'news',
      (message) => heard.push(message),
      () => heard.push('listening'),
    );
    expect(heard).toEqual([]);
    await redis.start();
    await vi.waitFor(() => expect(heard).toContain('listening'), { timeout: 10_000 });
    await store.publish('news', 'hello');
    await vi.waitFor(() => expect(heard.at(-1)).toBe('hello'));
  });

  it('shows no password in what it says', async () => {
    await redisCommand(redis.url, 'CONFIG', 'SET', 'requirepass', 'correct-horse-battery');
    const store = open(redis.url.replace('//', '//:wrong-horse-battery@'));
    await vi.waitFor(() => expect(lines).toHaveLength(1), { timeout: 5000 });
    expect(lines[0]).toMatch(/^Redis at [\w.]+:\d+ cannot be used now: WRONGPASS/u);
    expect(lines.join()).not.toContain('horse');
    await expect(store.get('key')).rejects.toBeInstanceOf(AuthentikUnavailableError);
  });
});
