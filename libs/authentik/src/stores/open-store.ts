import type { RedisClientOptions, RedisClientType } from 'redis';

import { AuthentikConfigError } from '../errors/index.js';
import type { AuthentikLogger } from '../observability/authentik-logger.js';
import type { ResolvedAuthentikOptions, ResolvedRedisOptions } from '../options/index.js';
import type { KeyValueStore } from './key-value-store.js';
import { MemoryStore } from './memory.store.js';
import type { OpenRedis } from './redis-connection.js';

/** A Redis that hangs is as one that is away, and people are told so within a second. In milliseconds. */
const longestWaitMs = 800;

/**
 * The store of the options. Does not wait for Redis: an app starts while it is away.
 * @throws {AuthentikConfigError} the package `redis` is not installed
 */
export async function openStore(
  { redis, store, timeoutMs }: ResolvedAuthentikOptions,
  logger: AuthentikLogger,
): Promise<KeyValueStore> {
  if (store !== undefined) return store;
  if (redis === undefined) return new MemoryStore();
  // An optional peer, and the store with it: loaded by those alone who have a Redis.
  const [open, { RedisStore }] = await Promise.all([opener(redis), import('./redis.store.js')]);
  return new RedisStore({
    open,
    logger,
    timeoutMs: Math.min(timeoutMs, longestWaitMs),
    keyPrefix: redis.keyPrefix,
  });
}

async function opener({ url, client }: ResolvedRedisOptions): Promise<OpenRedis> {
  if (client !== undefined) {
    const { options: { socket } = {} } = client as { options?: RedisClientOptions };
    return ({ socket: settings, ...others }) =>
      client.duplicate({ ...others, socket: { ...socket, ...settings } }) as RedisClientType;
  }
  const { createClient } = await loadRedis();
  return (settings) => createClient({ url: url as string, ...settings });
}

async function loadRedis(): Promise<typeof import('redis')> {
  try {
    return await import('redis');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw new AuthentikConfigError([
      {
        option: 'redis',
        problem: 'needs the package redis, which is not installed.',
        remedy: 'Run: npm install redis',
      },
    ]);
  }
}
