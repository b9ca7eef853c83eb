import type { KeyValueStore } from './key-value-store.js';
import { RedisConnection, type RedisConnectionOptions } from './redis-connection.js';
import * as scripts from './redis-scripts.js';

interface Subscription {
  readonly onMessage: (message: string) => void;
  readonly onReconnect: (missedMs: number) => void;
}

/** All who listen to one channel. */
interface Channel {
  readonly subscriptions: Set<Subscription>;
  readonly dispatch: (message: string) => void;
}

export interface RedisStoreOptions extends Omit<RedisConnectionOptions, 'onReady'> {
  /** Before each key and channel. */
  readonly keyPrefix: string;
}

/** A store in Redis 6.2 or later, or what speaks its protocol: for several processes. */
export class RedisStore implements KeyValueStore {
  readonly isShared = true;
  private readonly redis: RedisConnection;
  private readonly prefix: string;
  private readonly channels = new Map<string, Channel>();

  constructor({ keyPrefix, ...options }: RedisStoreOptions) {
    this.prefix = keyPrefix;
    this.redis = new RedisConnection({ ...options, onReady: (awayMs) => void this.listenAgain(awayMs) });
  }

  get isReachable(): boolean {
    return this.redis.isReady;
  }

  get unreachableForMs(): number {
    return this.redis.awayForMs;
  }

  async get(key: string): Promise<string | undefined> {
    return (await this.redis.run((client) => client.get(this.prefix + key))) ?? undefined;
  }

  async set(key: string, value: string, ttlSeconds: number): Promise<void> {
    const ttlMs = toMs(ttlSeconds);
    if (ttlMs === 0) return this.delete(key);
    await this.redis.run((client) =>
      client.set(this.prefix + key, value, { expiration: { type: 'PX', value: ttlMs } }),
    );
  }

  async compareAndSet(key: string, expected: string | undefined, value: string, ttlSeconds: number): Promise<boolean> {
    const name = this.prefix + key;
    const ttlMs = toMs(ttlSeconds);
    if (expected !== undefined) {
      const values = [expected, value, String(ttlMs)];
      return (await this.redis.run((client) => evaluate(client, scripts.compareAndSet, name, values))) === 1;
    }
    if (ttlMs === 0) return (await this.get(key)) === undefined;
    const expiration = { type: 'PX', value: ttlMs } as const;
    return (await this.redis.run((client) => client.set(name, value, { condition: 'NX', expiration }))) !== null;
  }

  async take(key: string): Promise<string | undefined> {
    return (await this.redis.run((client) => client.getDel(this.prefix + key))) ?? undefined;
  }

  async delete(key: string): Promise<void> {
    await this.redis.run((client) => client.del(this.prefix + key));
  }

  async addToIndex(key: string, member: string, expiresAtSeconds: number): Promise<void> {
    const values = [member, String(expiresAtSeconds), String(Date.now() / 1000)];
    await this.redis.run((client) => evaluate(client, scripts.addToIndex, this.prefix + key, values));
  }

  async removeFromIndex(key: string, member: string): Promise<void> {
    await this.redis.run((client) => client.zRem(this.prefix + key, member));
  }

  async readIndex(key: string): Promise<ReadonlyMap<string, number>> {
    const after = `(${Date.now() / 1000}`;
    const members = await this.redis.run((client) =>
      client.zRangeWithScores(this.prefix + key, after, '+inf', { BY: 'SCORE' }),
    );
    return new Map(members.map(({ value, score }) => [value, score]));
  }

  async publish(channel: string, message: string): Promise<void> {
    await this.redis.run((client) => client.publish(this.prefix + channel, message));
  }

  async subscribe(
    channel: string,
    onMessage: (message: string) => void,
    onReconnect: (missedMs: number) => void = () => undefined,
  ): Promise<() => Promise<void>> {
    const name = this.prefix + channel;
    const subscription = { onMessage, onReconnect };
    const { subscriptions, dispatch } = this.channel(name);
    subscriptions.add(subscription);
    // Away, or gone on the way: listenAgain() does it.
    if (this.isReachable) await this.redis.subscriber.subscribe(name, dispatch).catch(() => undefined);
    return async () => {
      subscriptions.delete(subscription);
      if (subscriptions.size > 0 || this.channels.get(name)?.subscriptions !== subscriptions) return;
      this.channels.delete(name);
      if (this.redis.subscriber.isReady) await this.redis.subscriber.unsubscribe(name, dispatch).catch(() => undefined);
    };
  }

  async close(): Promise<void> {
    this.channels.clear();
    this.redis.close();
  }

  private channel(name: string): Channel {
    let channel = this.channels.get(name);
    if (channel === undefined) {
      const subscriptions = new Set<Subscription>();
      const dispatch = (message: string) => {
        for (const { onMessage } of subscriptions) onMessage(message);
      };
      this.channels.set(name, (channel = { subscriptions, dispatch }));
    }
    return channel;
  }

  /** Both connections are there again, or for the first time: what was said meanwhile is lost. */
  private async listenAgain(awayMs: number): Promise<void> {
    for (const [name, { subscriptions, dispatch }] of this.channels) {
      const before = [...subscriptions];
      try {
        // Those that are listened to already are no further command.
        await this.redis.subscriber.subscribe(name, dispatch);
      } catch (error) {
        // Gone again, and we are called again when it is there; or it lets us listen to nothing, which somebody must see.
        this.redis.complain(error);
        return;
      }
      for (const { onReconnect } of before) onReconnect(awayMs);
    }
  }
}

const toMs = (ttlSeconds: number) => (ttlSeconds > 0 ? Math.ceil(ttlSeconds * 1000) : 0);

const evaluate = (client: RedisConnection['commands'], script: string, key: string, values: string[]) =>
  client.eval(script, { keys: [key], arguments: values });
