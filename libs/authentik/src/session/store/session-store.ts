import { Inject, Injectable } from '@nestjs/common';
import type { CookieOptions, Store } from 'express-session';

import { AUTHENTIK_OPTIONS, AUTHENTIK_STORE } from '../../authentik.constants.js';
import { AuthentikError, AuthentikUnavailableError } from '../../errors/index.js';
import type { ExpressSessionStore, ResolvedAuthentikOptions } from '../../options/index.js';
import type { KeyValueStore } from '../../stores/key-value-store.js';
import { createKeyValueSessionStore, fromRaw } from './key-value-session.store.js';
import { sessionKey } from './session-keys.js';

/** A store that hangs is as one that is away. In milliseconds. */
const longestWaitMs = 800;

/**
 * The store of `express-session` in use, whosoever it is: our own, that of the options, or with `mount: false` that of
 * the app, which shows with the first request.
 */
@Injectable()
export class SessionStore {
  /** How our cookie is set. It ends with the browser; how long a session lives is the store's matter. */
  readonly cookie: CookieOptions;
  private inUse: ExpressSessionStore | undefined;
  private own: Store | undefined;

  constructor(
    @Inject(AUTHENTIK_OPTIONS) private readonly options: ResolvedAuthentikOptions,
    @Inject(AUTHENTIK_STORE) private readonly values: KeyValueStore,
  ) {
    this.inUse = options.session?.store;
    this.cookie = { path: '/', httpOnly: true, sameSite: 'lax', secure: options.publicUrl.startsWith('https:') };
  }

  /** Whether a session that ended stays so without our help: other stores save what a late request brings. */
  get isOwn(): boolean {
    return this.inUse !== undefined && this.inUse === this.own;
  }

  /** @param Base `Store` of the `express-session` that is installed */
  open(Base: typeof Store): ExpressSessionStore {
    const { session } = this.options;
    if (session !== undefined && this.inUse === undefined) {
      this.own = createKeyValueSessionStore(Base, this.values, { ...session, cookie: this.cookie });
      this.inUse = this.own;
    }
    return this.store;
  }

  /** Takes the store that the app's own express-session has put on a request. */
  adopt(request: object): void {
    this.inUse ??= (request as { sessionStore?: ExpressSessionStore }).sessionStore;
  }

  /** @throws {AuthentikUnavailableError} the store is away */
  get(sid: string): Promise<object | undefined> {
    return this.ask((callback) => this.store.get(sid, callback));
  }

  /** @throws {AuthentikUnavailableError} the store is away */
  async set(sid: string, session: object): Promise<void> {
    await this.ask((callback) => this.store.set(sid, session as never, callback));
  }

  /** @throws {AuthentikUnavailableError} the store is away */
  async destroy(sid: string): Promise<void> {
    await this.ask((callback) => this.store.destroy(sid, callback));
  }

  /**
   * Gets and deletes; of several who take from our own store, one gets it.
   * @throws {AuthentikUnavailableError} the store is away
   */
  async take(sid: string): Promise<object | undefined> {
    if (this.isOwn) {
      const raw = await this.values.take(sessionKey(sid));
      return raw === undefined ? undefined : (JSON.parse(fromRaw(raw).json) as object);
    }
    const session = await this.get(sid);
    await this.destroy(sid);
    return session;
  }

  private get store(): ExpressSessionStore {
    if (this.inUse === undefined) {
      throw storeUnavailable(new Error('no request of the app has shown it yet (mount: false)'));
    }
    return this.inUse;
  }

  private ask(
    call: (callback: (error?: unknown, value?: object | null) => void) => unknown,
  ): Promise<object | undefined> {
    return new Promise((resolve, reject) => {
      const tooLate = setTimeout(() => reject(storeUnavailable(new Error('it does not answer'))), longestWaitMs);
      const settled = () => clearTimeout(tooLate);
      call((error, value) => {
        settled();
        if (error === undefined || error === null) resolve(value ?? undefined);
        else reject(storeUnavailable(error));
      });
    });
  }
}

/** What went wrong with a store, as ours. */
export function storeUnavailable(cause: unknown): AuthentikError {
  if (cause instanceof AuthentikError) return cause;
  const why = cause instanceof Error ? cause.message : 'unknown error';
  return new AuthentikUnavailableError(`The session store cannot be used now: ${why}.`, {
    endpoint: 'session store',
    retryAfterSeconds: 1,
    cause,
  });
}
