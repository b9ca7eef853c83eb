import type { CookieOptions, SessionData, Store } from 'express-session';

import type { KeyValueStore } from '../../stores/key-value-store.js';
import { sessionKey } from './session-keys.js';
import { recordOf } from './session-record.js';

/** A session that was used is written again at most this often, in seconds, for it to live on. */
const longestTouchPauseSeconds = 60;

export interface KeyValueSessionOptions {
  readonly idleSeconds: number;
  readonly absoluteSeconds: number;
  /** What express-session makes cookies of. Sessions whose cookie is no other need not say so, each by itself. */
  readonly cookie: CookieOptions;
}

/** What may stand in a session besides what the app and we put there: sealed tokens have an end of their own. */
interface WithEnd {
  readonly until?: number;
}

interface Loaded {
  readonly sid: string;
  /** As it is in the store. */
  raw: string;
}

type Callback<T = undefined> = (error: unknown, value?: T) => void;
type SessionOfRequest = SessionData & { readonly req?: object };

/**
 * Makes a store of `express-session` on our stores. Unlike others it never brings back what has ended: a request that
 * was under way when its session ended can't save it again.
 * @param Base `Store` of the `express-session` that is installed
 */
export function createKeyValueSessionStore(
  Base: typeof Store,
  values: KeyValueStore,
  { idleSeconds, absoluteSeconds, cookie: { secure = false, httpOnly, path, sameSite } }: KeyValueSessionOptions,
): Store {
  const touchPauseSeconds = Math.min(longestTouchPauseSeconds, idleSeconds / 10);
  // In the order of express-session.
  const usual = { originalMaxAge: null, expires: null, secure, httpOnly, path, sameSite };
  const usualStart = `{"cookie":${JSON.stringify(usual)},`;
  const raws = new WeakMap<object, string>();
  const loaded = new WeakMap<object, Loaded>();

  const ttlSeconds = (session: object): number => {
    const now = Date.now() / 1000;
    const { until } = session as WithEnd;
    if (until !== undefined) return until - now;
    const record = recordOf(session);
    return record === undefined ? idleSeconds : Math.min(idleSeconds, record.signedInAt + absoluteSeconds - now);
  };
  const loadedAs = (sid: string, { req }: SessionOfRequest) => {
    const known = req === undefined ? undefined : loaded.get(req);
    return known?.sid === sid ? known : undefined;
  };

  /** Replaces what the request has loaded. */
  const replace = async (sid: string, known: Loaded, raw: string, ttl: number): Promise<boolean> => {
    const replaced = await values.compareAndSet(sessionKey(sid), known.raw, raw, ttl);
    if (replaced) known.raw = raw;
    return replaced;
  };
  const write = async (sid: string, session: SessionOfRequest): Promise<undefined> => {
    const json = JSON.stringify(session);
    const raw = toRaw(json.startsWith(usualStart) ? `{${json.slice(usualStart.length)}` : json);
    const ttl = ttlSeconds(session);
    const known = loadedAs(sid, session);
    if (known === undefined) {
      await values.set(sessionKey(sid), raw, ttl);
      if (session.req !== undefined) loaded.set(session.req, { sid, raw });
      return;
    }
    if (await replace(sid, known, raw, ttl)) return;
    // Another request has written it, and the last one wins; or it has ended.
    const current = await values.get(sessionKey(sid));
    if (current === undefined) return;
    known.raw = current;
    await replace(sid, known, raw, ttl);
  };
  const touch = async (sid: string, session: SessionOfRequest): Promise<undefined> => {
    const known = loadedAs(sid, session);
    if (known === undefined) return;
    const { writtenAt, json } = fromRaw(known.raw);
    if (Date.now() / 1000 - writtenAt < touchPauseSeconds) return;
    await replace(sid, known, toRaw(json), ttlSeconds(session));
  };
  const read = async (sid: string): Promise<SessionData | undefined> => {
    const raw = await values.get(sessionKey(sid));
    if (raw === undefined) return undefined;
    const session = { cookie: { ...usual }, ...(JSON.parse(fromRaw(raw).json) as object) } as unknown as SessionData;
    raws.set(session, raw);
    return session;
  };

  class KeyValueSessionStore extends Base {
    override get(sid: string, callback: Callback<SessionData>): void {
      settle(read(sid), callback);
    }

    override set(sid: string, session: SessionData, callback?: Callback): void {
      settle(write(sid, session), callback);
    }

    override touch(sid: string, session: SessionData, callback?: Callback): void {
      settle(touch(sid, session), callback);
    }

    override destroy(sid: string, callback?: Callback): void {
      settle(
        values.delete(sessionKey(sid)).then(() => undefined),
        callback,
      );
    }

    override createSession(
      request: Parameters<Store['createSession']>[0],
      session: SessionData,
    ): ReturnType<Store['createSession']> {
      const raw = raws.get(session);
      if (raw !== undefined) loaded.set(request, { sid: request.sessionID, raw });
      return super.createSession(request, session);
    }
  }
  return new KeyValueSessionStore();
}

// The moment of writing stands before the session, so that a touch need not write each time.
// Joined, and not added, for what is added stays in pieces in memory.
const toRaw = (json: string) => [Math.floor(Date.now() / 1000), json].join(' ');

/** @returns when it was written, in epoch seconds, and the session; its cookie is left out where it is as usual */
export function fromRaw(raw: string): { writtenAt: number; json: string } {
  const space = raw.indexOf(' ');
  return { writtenAt: Number(raw.slice(0, space)), json: raw.slice(space + 1) };
}

/** Callbacks throw on their own account, outside of our promise. */
function settle<T>(promise: Promise<T | undefined>, callback: Callback<T> | undefined): void {
  promise.then(
    (value) => process.nextTick(() => callback?.(null, value)),
    (error: unknown) => process.nextTick(() => callback?.(error)),
  );
}
