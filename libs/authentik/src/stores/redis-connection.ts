import type { RedisClientType } from 'redis';

import { AuthentikUnavailableError } from '../errors/index.js';
import type { AuthentikLogger } from '../observability/authentik-logger.js';
import { printable } from '../observability/printable.js';

const shortestPauseMs = 50;
const longestPauseMs = 2_000;
/** How often a connection that is silent is asked for a sign of life. */
const pingIntervalMs = 1_000;

/** Settings of a connection that are ours to choose. */
export interface RedisSettings {
  readonly disableOfflineQueue: boolean;
  readonly pingInterval: number;
  readonly commandOptions: object;
  readonly socket: {
    readonly connectTimeout: number;
    readonly socketTimeout: number;
    readonly reconnectStrategy: (retries: number) => number;
  };
}

/** Makes a connection that is not open yet. */
export type OpenRedis = (settings: RedisSettings) => RedisClientType;

export interface RedisConnectionOptions {
  readonly open: OpenRedis;
  readonly logger: AuthentikLogger;
  /** Longest wait for one answer, in milliseconds. */
  readonly timeoutMs: number;
  /** Told each time that both connections are there, after how long without them, in milliseconds. */
  readonly onReady: (awayMs: number) => void;
}

/**
 * Two connections to one Redis: one for commands, one that listens. Both come back by themselves; while one of them is
 * away no command is sent and none waits.
 */
export class RedisConnection {
  readonly commands: RedisClientType;
  readonly subscriber: RedisClientType;
  private failing = false;
  /** For operators; never with a name or a password in it. */
  private readonly name: string;
  /** In the time of `performance`; `undefined` while both are there. */
  private awaySinceMs: number | undefined = performance.now();

  constructor(private readonly options: RedisConnectionOptions) {
    const { timeoutMs } = options;
    const settings: RedisSettings = {
      disableOfflineQueue: true,
      pingInterval: pingIntervalMs,
      commandOptions: {},
      socket: {
        connectTimeout: timeoutMs,
        // A server that hangs is as one that is away; the ping keeps a sound one from being silent so long.
        socketTimeout: pingIntervalMs + timeoutMs,
        reconnectStrategy: pauseMs,
      },
    };
    this.commands = options.open(settings);
    this.subscriber = options.open(settings);
    this.name = nameOf(this.commands);
    for (const client of [this.commands, this.subscriber]) {
      client.on('error', (error: unknown) => this.complain(error));
      client.on('ready', () => this.becomeReady());
      // Rejected only when it is closed meanwhile; whatever else fails is tried again.
      client.connect().catch(() => undefined);
    }
  }

  get isReady(): boolean {
    return this.commands.isReady && this.subscriber.isReady;
  }

  /** How long one of them has been away; 0 while both are there. */
  get awayForMs(): number {
    return this.awaySinceMs === undefined ? 0 : performance.now() - this.awaySinceMs;
  }

  /** @throws {AuthentikUnavailableError} Redis is away, does not answer in time, or refuses the command */
  async run<T>(command: (client: RedisClientType) => Promise<T>): Promise<T> {
    if (!this.isReady) throw this.unavailable('it cannot be reached');
    let timer: NodeJS.Timeout | undefined;
    const { timeoutMs } = this.options;
    const tooLate = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(new Error(`it did not answer within ${timeoutMs} ms`)), timeoutMs);
    });
    try {
      return await Promise.race([command(this.commands), tooLate]);
    } catch (error) {
      throw this.unavailable(messageOf(error), error);
    } finally {
      clearTimeout(timer);
    }
  }

  close(): void {
    for (const client of [this.commands, this.subscriber]) client.destroy();
  }

  private becomeReady(): void {
    if (!this.isReady) return;
    if (this.failing) this.options.logger.log(`${this.name} can be used again.`);
    this.failing = false;
    const { awayForMs } = this;
    this.awaySinceMs = undefined;
    this.options.onReady(awayForMs);
  }

  private unavailable(why: string, cause?: unknown): AuthentikUnavailableError {
    const details = { endpoint: 'redis', retryAfterSeconds: 1, cause };
    return new AuthentikUnavailableError(`${this.name} cannot be used now: ${why}.`, details);
  }

  /** Tells the operator, once an outage. */
  complain(error: unknown): void {
    if (!this.isReady) this.awaySinceMs ??= performance.now();
    if (this.failing) return;
    this.failing = true;
    this.options.logger.warn(`${this.name} cannot be used now: ${messageOf(error)}. It is tried again by itself.`);
  }
}

/** Grows, with some chance in it, so that processes do not knock all at once. */
const pauseMs = (retries: number) =>
  Math.min(shortestPauseMs * 2 ** Math.min(retries, 10), longestPauseMs) * (0.75 + Math.random() / 4);

const messageOf = (error: unknown) => {
  // Node puts several attempts, one an address, into an error without a message.
  const first: unknown = error instanceof AggregateError ? error.errors[0] : error;
  return first instanceof Error ? first.message : 'an unknown error';
};

function nameOf({ options }: RedisClientType): string {
  const { host = 'localhost', port = 6379, path } = (options?.socket ?? {}) as Readonly<Record<string, unknown>>;
  return `Redis at ${printable(typeof path === 'string' ? path : `${String(host)}:${String(port)}`)}`;
}
