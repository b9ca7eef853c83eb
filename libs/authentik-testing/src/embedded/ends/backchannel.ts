import { setTimeout as wait } from 'node:timers/promises';

/** One logout token on its way to a client. */
export interface LogoutDelivery {
  readonly clientId: string;
  readonly logoutUri: string;
  readonly subject: string;
  /** `sid` of the session that ended. */
  readonly sid: string | undefined;
  /** How often it was posted so far. */
  readonly attempts: number;
  /** `delivered`: answered with 2xx. `failed`: given up. */
  readonly state: 'waiting' | 'delivered' | 'failed';
}

/** Pauses between the attempts. Authentik's queue waits for seconds to minutes; tests have no time for that. */
const RETRY_AFTER_MS: readonly number[] = [50, 200, 800, 2000];

/** How long a receiver may take to answer. */
const ANSWER_WITHIN_MS = 10_000;

const MAX_DELIVERIES = 1000;

/** Posts logout tokens to clients, beside whatever made them necessary, and again when a receiver fails. */
export class BackchannelQueue {
  /** The latest 1,000, oldest first. */
  readonly deliveries: LogoutDelivery[] = [];
  readonly #running = new Set<Promise<void>>();
  readonly #stopped = new AbortController();

  /** @param logoutToken made when it is posted first, and the same at every attempt */
  add(
    delivery: Pick<LogoutDelivery, 'clientId' | 'logoutUri' | 'subject' | 'sid'>,
    logoutToken: () => Promise<string>,
  ): void {
    const entry: { -readonly [Key in keyof LogoutDelivery]: LogoutDelivery[Key] } = {
      ...delivery,
      attempts: 0,
      state: 'waiting',
    };
    this.deliveries.push(entry);
    if (this.deliveries.length > MAX_DELIVERIES) this.deliveries.shift();
    const running = this.#deliver(entry, logoutToken).finally(() => this.#running.delete(running));
    this.#running.add(running);
  }

  /** Resolves when nothing is on its way any more. */
  async settled(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  /** Gives up whatever is on its way. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.settled();
  }

  async #deliver(
    entry: { logoutUri: string; attempts: number; state: LogoutDelivery['state'] },
    logoutToken: () => Promise<string>,
  ): Promise<void> {
    try {
      const body = new URLSearchParams({ logout_token: await logoutToken() });
      for (const pauseMs of [...RETRY_AFTER_MS, undefined]) {
        entry.attempts += 1;
        if (await this.#post(entry.logoutUri, body)) {
          entry.state = 'delivered';
          return;
        }
        if (pauseMs !== undefined) await wait(pauseMs, undefined, { signal: this.#stopped.signal });
      }
    } catch {
      // Stopped, or a provider that can't sign: nobody is there to be told.
    }
    entry.state = 'failed';
  }

  async #post(logoutUri: string, body: URLSearchParams): Promise<boolean> {
    this.#stopped.signal.throwIfAborted();
    try {
      const response = await fetch(logoutUri, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body,
        redirect: 'manual',
        signal: AbortSignal.any([this.#stopped.signal, AbortSignal.timeout(ANSWER_WITHIN_MS)]),
      });
      await response.body?.cancel();
      return response.ok;
    } catch {
      return false;
    }
  }
}
