import { randomUUID } from 'node:crypto';
import { setTimeout as pass } from 'node:timers/promises';

import { Inject, Injectable } from '@nestjs/common';

import { AUTHENTIK_OPTIONS, AUTHENTIK_STORE } from '../../authentik.constants.js';
import { AuthentikLogger } from '../../observability/authentik-logger.js';
import type { ResolvedAuthentikOptions } from '../../options/index.js';
import type { KeyValueStore } from '../../stores/key-value-store.js';
import {
  fromOutcome,
  isUsedUp,
  OutcomeSeal,
  outcomeOfError,
  outcomeOfTokens,
  type RefreshOutcome,
} from './refresh-outcome.js';
import type { AuthentikTokenSet } from './token-set.js';

/** For so long after its use, in seconds, a refresh token gives what it gave to whoever was first. */
const keptSeconds = 60;
/** For so long one that can still be used is let alone, in seconds: as `Retry-After` says. */
const pauseSeconds = 1;
/** What the first may take besides the answer of Authentik, in milliseconds. */
const slackMs = 2_000;

/** Uses a refresh token once in all processes that share a store; those that come second get what the first one got. */
@Injectable()
export class SharedRefreshes {
  constructor(
    @Inject(AUTHENTIK_STORE) private readonly store: KeyValueStore,
    @Inject(AUTHENTIK_OPTIONS) private readonly options: ResolvedAuthentikOptions,
    private readonly logger: AuthentikLogger,
  ) {}

  /**
   * @param call sends the refresh token; called by the first one only
   * @throws {TokenGrantError} `outcome_unknown`: another process sent it and never said what came of it
   * @throws {AuthentikUnavailableError} the store is away, so nothing was sent; or what `call` failed with
   */
  async run(refreshToken: string, call: () => Promise<AuthentikTokenSet>): Promise<AuthentikTokenSet> {
    if (!this.store.isShared) return call();
    const seal = new OutcomeSeal(refreshToken);
    if (!(await this.claim(seal))) return fromOutcome(await this.outcomeElsewhere(seal));
    const [outcome] = await Promise.allSettled([call()]);
    const told = outcome.status === 'fulfilled' ? outcomeOfTokens(outcome.value) : outcomeOfError(outcome.reason);
    if (told !== undefined) await this.tell(seal, told, isUsedUp(told, refreshToken));
    if (outcome.status === 'rejected') throw outcome.reason;
    return outcome.value;
  }

  private get waitMs(): number {
    return this.options.timeoutMs + slackMs;
  }

  /** @returns whether nobody else has used it; outlasts everybody who may wait for what comes of it */
  private async claim(seal: OutcomeSeal): Promise<boolean> {
    const claim = randomUUID();
    try {
      return await this.store.compareAndSet(seal.name, undefined, claim, keptSeconds + this.waitMs / 1000);
    } catch (error) {
      // A store that hangs may do it later. Nothing was sent, so nobody must take the refresh token for used up.
      void this.release(seal, claim, error).catch(() => undefined);
      throw error;
    }
  }

  private async release(seal: OutcomeSeal, claim: string, error: unknown): Promise<void> {
    const outcome = outcomeOfError(error);
    if (outcome === undefined) return;
    const sealed = await seal.seal(outcome);
    await this.store.compareAndSet(seal.name, claim, sealed, pauseSeconds);
  }

  /** Whoever waits in vain takes the refresh token for used up; who has the tokens keeps them all the same. */
  private async tell(seal: OutcomeSeal, outcome: RefreshOutcome, usedUp: boolean): Promise<void> {
    try {
      const sealed = await seal.seal(outcome);
      await this.store.set(seal.name, sealed, usedUp ? keptSeconds : pauseSeconds);
      await this.store.publish(seal.name, sealed);
    } catch {
      // The store has said itself what is wrong.
      this.logger.warn(
        'Other processes could not be told what came of a refresh token: users may have to sign in again.',
      );
    }
  }

  /** Listens first and reads then, so that it cannot come in between. */
  private async outcomeElsewhere(seal: OutcomeSeal): Promise<RefreshOutcome> {
    let found: RefreshOutcome | undefined;
    const enough = new AbortController();
    const look = async (sealed: string | undefined) => {
      found ??= await seal.open(sealed);
      if (found !== undefined) enough.abort();
    };
    // The store may be back before the time is over.
    const read = () => this.store.get(seal.name).then(look, () => undefined);
    const end = await this.store.subscribe(
      seal.name,
      (sealed) => void look(sealed),
      () => void read(),
    );
    try {
      await read();
      await pass(this.waitMs, undefined, { signal: enough.signal }).catch(() => undefined);
      if (found === undefined) await read();
    } finally {
      await end();
    }
    return (
      found ?? {
        kind: 'refused',
        reason: 'outcome_unknown',
        message: 'Another process sent the refresh token and did not say what came of it, so it may be used up.',
      }
    );
  }
}
