import type { IncomingMessage, ServerResponse } from 'node:http';

import { type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import type { ThrottlerGuard } from '@nestjs/throttler';

import { AUTHENTIK_OPTIONS, AUTHENTIK_STORE } from '../../authentik.constants.js';
import { AuthentikConfigError, TooManyRequestsError } from '../../errors/index.js';
import { AuthentikLogger } from '../../observability/authentik-logger.js';
import type { ResolvedAuthentikOptions } from '../../options/index.js';
import type { KeyValueStore } from '../../stores/key-value-store.js';
import { MemoryStore } from '../../stores/memory.store.js';
import { StoreThrottlerStorage } from './store-throttler-storage.js';

/** What is limited, each by itself. */
export type LimitedDoor = 'logins' | 'callbacks' | 'logoutTokens';

const windowMs = 60_000;

type Requests = IncomingMessage & { readonly app?: { get(setting: string): unknown } };

/**
 * Limits by address what anybody may ask of a browser's doors, through `@nestjs/throttler`. With a shared store all processes
 * count together; without one counts have a memory of their own, or strangers with many addresses could push sessions out
 * of that which is for both.
 */
@Injectable()
export class AddressLimits {
  private readonly limits: readonly (readonly [door: LimitedDoor, perMinute: number])[];
  private readonly counts: KeyValueStore;
  private guards: Promise<ReadonlyMap<LimitedDoor, ThrottlerGuard>> | undefined;
  private saidThatForwarded = false;

  constructor(
    @Inject(AUTHENTIK_OPTIONS) { session }: ResolvedAuthentikOptions,
    @Inject(AUTHENTIK_STORE) store: KeyValueStore,
    private readonly logger: AuthentikLogger,
  ) {
    this.counts = store.isShared ? store : new MemoryStore();
    const limits = [
      ['logins', session?.maxLoginsPerMinute ?? 0],
      ['callbacks', session?.maxCallbacksPerMinute ?? 0],
      ['logoutTokens', session?.maxLogoutTokensPerMinute ?? 0],
    ] as const;
    this.limits = limits.filter(([, perMinute]) => perMinute > 0);
  }

  /**
   * Loads the library that counts, for a start to fail rather than a login.
   * @throws {AuthentikConfigError} it is not installed, and limits are on
   */
  async start(): Promise<void> {
    if (this.limits.length === 0) return;
    this.guards ??= this.load();
    await this.guards;
  }

  /**
   * Counts a request.
   * @throws {TooManyRequestsError} its address asked too often
   * @throws {AuthentikUnavailableError} nobody could count, for the store is away
   */
  async check(door: LimitedDoor, request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.lookForProxy(request);
    await this.start();
    const guard = (await this.guards)?.get(door);
    if (guard === undefined) return;
    await guard.canActivate(new ExecutionContextHost([request, response], AddressLimits, doors[door]));
  }

  /** Behind a proxy that nobody told Express of, all people have the address of the proxy. */
  private lookForProxy(request: Requests): void {
    if (this.saidThatForwarded || request.headers['x-forwarded-for'] === undefined) return;
    if (request.app?.get('trust proxy') !== false) return;
    this.saidThatForwarded = true;
    this.logger.warn(
      'A request came with X-Forwarded-For, and "trust proxy" is off: if a proxy sent it, all people count as one ' +
        "address in the limits on signing in. Name the proxy: app.set('trust proxy', 1) for one in front of the app.",
    );
  }

  private async load(): Promise<ReadonlyMap<LimitedDoor, ThrottlerGuard>> {
    const { ThrottlerGuard: Guard } = await import('@nestjs/throttler').catch((cause: unknown) => {
      throw notInstalled(cause);
    });
    /** The guard of the library, which says no in our words. */
    class AddressGuard extends Guard {
      protected override throwThrottlingException(
        _context: ExecutionContext,
        { limit, timeToBlockExpire }: Parameters<ThrottlerGuard['throwThrottlingException']>[1],
      ): Promise<void> {
        throw new TooManyRequestsError(
          `One address asked more than ${limit} times a minute.`,
          Math.max(1, timeToBlockExpire),
        );
      }
    }
    const storage = new StoreThrottlerStorage(this.counts);
    const guards = this.limits.map(async ([door, limit]) => {
      // By the name that no suffix is put behind, and with no headers but ours.
      const throttlers = [{ name: 'default', limit, ttl: windowMs }];
      const guard = new AddressGuard({ throttlers, setHeaders: false }, storage, new Reflector());
      await guard.onModuleInit();
      return [door, guard] as const;
    });
    return new Map(await Promise.all(guards));
  }
}

/** The library tells its counts apart by the name of the handler. */
const doors: Record<LimitedDoor, () => void> = {
  logins: function logins() {},
  callbacks: function callbacks() {},
  logoutTokens: function logoutTokens() {},
};

const notInstalled = (cause: unknown) =>
  Object.assign(
    new AuthentikConfigError([
      {
        option: 'session',
        problem: 'limits what one address may ask, and @nestjs/throttler is not installed.',
        remedy:
          'Run `npm install @nestjs/throttler`, or set its three max…PerMinute to 0 where a proxy limits already.',
      },
    ]),
    { cause },
  );
