import { Inject, Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { decodeJwt } from 'jose/jwt/decode';

import { AUTHENTIK_OPTIONS, AUTHENTIK_STORE } from '../../authentik.constants.js';
import { AuthentikUnavailableError } from '../../errors/index.js';
import { AuthentikLogger } from '../../observability/authentik-logger.js';
import type { ResolvedAuthentikOptions } from '../../options/index.js';
import type { KeyValueStore } from '../../stores/key-value-store.js';
import {
  fromMember,
  revocationHashOf,
  type RevocableToken,
  type Revocation,
  RevocationList,
  toMember,
} from './revocation-list.js';

/** Name of the index and of the channel. */
const name = 'revocations';
/** Life of a token that does not tell, and the least that is taken for the longest one, in seconds. */
const assumedLifeSeconds = 24 * 3600;
const retryMs = 500;

/** That revocations of other processes are not known now. */
export interface RevocationOutage {
  readonly reason: string;
  readonly since: Date;
  /** Whether it is over what `revocationStaleSeconds` allows, so that no token is judged. */
  readonly isTooLong: boolean;
}

/**
 * Access tokens that count no more, whatever their signature says. The list is in each process, so that no request
 * waits for a store; with `redis` or a shared `store` it is fed by what the other processes publish, and read whole at the
 * start and after each interruption.
 */
@Injectable()
export class Revocations implements OnModuleInit, OnModuleDestroy {
  private readonly list = new RevocationList();
  private longestLifeSeconds = assumedLifeSeconds;
  /** Since when something may be unknown, in the time of `performance`; from the first reading to an interruption nothing is. */
  private behindSinceMs: number | undefined;
  private hasRead: boolean;
  private onFirstRead: () => void = () => undefined;
  private reading: Promise<void> | undefined;
  private retry: NodeJS.Timeout | undefined;
  private end: (() => Promise<void>) | undefined;

  constructor(
    @Inject(AUTHENTIK_STORE) private readonly store: KeyValueStore,
    @Inject(AUTHENTIK_OPTIONS) private readonly options: ResolvedAuthentikOptions,
    private readonly logger: AuthentikLogger,
  ) {
    this.hasRead = !store.isShared;
    if (store.isShared) this.behindSinceMs = performance.now();
  }

  /** Waits for the list of the other processes, but not long: an app starts while the store is away. */
  async onModuleInit(): Promise<void> {
    if (!this.store.isShared) return;
    const firstRead = new Promise<void>((resolve) => {
      this.onFirstRead = resolve;
    });
    this.end = await this.store.subscribe(
      name,
      (message) => this.hear(message),
      (missedMs) => this.catchUp(missedMs),
    );
    if (this.store.isReachable) this.catchUp(0);
    let timer: NodeJS.Timeout | undefined;
    const tooLate = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, this.options.timeoutMs);
    });
    await Promise.race([firstRead, tooLate]);
    clearTimeout(timer);
  }

  async onModuleDestroy(): Promise<void> {
    clearTimeout(this.retry);
    await this.end?.();
  }

  /** Makes one access token useless. It is kept as a hash, until it expires by itself. */
  async revokeToken(accessToken: string): Promise<void> {
    await this.revoke({ kind: 'token', tokenHash: revocationHashOf(accessToken) }, this.endOf(accessToken));
  }

  /**
   * Makes all access tokens of one Authentik session useless, those that are not issued yet as well.
   * @param session.sessionId `sid`, which counts for this issuer only
   */
  async revokeSession({ issuer, sessionId }: { issuer: string; sessionId: string }): Promise<void> {
    await this.revoke({ kind: 'session', issuer, sessionId }, this.lastExpiry(Date.now() / 1000));
  }

  /**
   * Makes all access tokens useless that one user has now.
   * @param person.subject `sub`, which counts for this issuer only
   * @param person.issuedUntil hits tokens with this `iat` and older ones, in epoch seconds of Authentik's clock; default
   * now, by the clock here
   */
  async revokeSubject(person: { issuer: string; subject: string; issuedUntil?: number }): Promise<void> {
    const { issuer, subject, issuedUntil = Math.floor(Date.now() / 1000) } = person;
    await this.revoke({ kind: 'subject', issuer, subject, issuedUntil }, this.lastExpiry(issuedUntil));
  }

  /** Another one after each revocation: a token that none hits at one revision is not hit as long as that lasts. */
  get revision(): number {
    return this.list.revision;
  }

  /** Whether this very token was revoked. */
  hasToken(accessToken: string): boolean {
    return this.list.hasToken(accessToken);
  }

  /** Whether a token was revoked with its session or with all that its user had. @param issuedAt its `iat` */
  covers(token: RevocableToken, issuedAt: number | undefined): boolean {
    return this.list.covers(token, issuedAt);
  }

  /** Whether a token was revoked, be it alone, with its session or with all that its user had. @param issuedAt its `iat` */
  hit(accessToken: string, user: RevocableToken, issuedAt: number | undefined): boolean {
    return this.list.hasToken(accessToken) || this.list.covers(user, issuedAt);
  }

  /** Whether what is known may be relied on. At once, for the path of every request. */
  get isReliable(): boolean {
    return !this.store.isShared || (this.hasRead && this.behindMs <= this.options.tokens.revocationStaleSeconds * 1000);
  }

  /** @throws {AuthentikUnavailableError} nobody knows whether a token was revoked elsewhere */
  check(): void {
    if (this.isReliable) return;
    throw new AuthentikUnavailableError(
      `It is not known which tokens were revoked by other processes, since ${this.storeName} cannot be used; it is tried again by itself.`,
      { endpoint: this.options.store === undefined ? 'redis' : 'store', retryAfterSeconds: 1 },
    );
  }

  /** That revocations of other processes are not known now; `undefined` if they are. */
  get outage(): RevocationOutage | undefined {
    const { behindMs } = this;
    if (behindMs === 0) return undefined;
    return {
      reason: `It is not known which tokens were revoked by other processes, since ${this.storeName} cannot be used.`,
      since: new Date(Date.now() - behindMs),
      isTooLong: !this.isReliable,
    };
  }

  /**
   * Told of each token that was verified: revocations of sessions and users are kept for as long as the longest-lived
   * token can live.
   */
  noteLife(lifeSeconds: number): void {
    if (lifeSeconds <= this.longestLifeSeconds) return;
    const longerBy = lifeSeconds - this.longestLifeSeconds;
    this.longestLifeSeconds = lifeSeconds;
    for (const [member, expiresAt] of this.list.members) {
      const revocation = fromMember(member);
      if (revocation !== undefined && revocation.kind !== 'token') {
        void this.revoke(revocation, expiresAt + longerBy);
      }
    }
  }

  private get storeName(): string {
    return this.options.store === undefined ? 'Redis' : 'the store of the option "store"';
  }

  private get behindMs(): number {
    const ownMs = this.behindSinceMs === undefined ? 0 : performance.now() - this.behindSinceMs;
    return Math.max(ownMs, this.store.unreachableForMs);
  }

  private lastExpiry(issuedUntil: number): number {
    return issuedUntil + this.longestLifeSeconds + this.options.tokens.clockToleranceSeconds + 1;
  }

  private endOf(accessToken: string): number {
    const now = Date.now() / 1000;
    try {
      const { exp } = decodeJwt(accessToken);
      // Nobody has verified it: what it says must not keep it here for ever.
      if (typeof exp === 'number')
        return Math.min(exp + this.options.tokens.clockToleranceSeconds + 1, now + 366 * 86_400);
    } catch {
      // Opaque or encrypted, so it does not tell.
    }
    return this.lastExpiry(now);
  }

  /** Here at once and for certain; elsewhere as soon as the store can be told. */
  private async revoke(revocation: Revocation, expiresAt: number): Promise<void> {
    this.add(revocation, expiresAt);
    if (!this.store.isShared) return;
    try {
      await this.tell(toMember(revocation), expiresAt);
    } catch (error) {
      if (!(error instanceof AuthentikUnavailableError)) throw error;
      this.logger.warn(`A revocation counts in this process only until ${this.storeName} can be used again.`);
    }
  }

  private async tell(member: string, expiresAt: number): Promise<void> {
    await this.store.addToIndex(name, member, expiresAt);
    await this.store.publish(name, JSON.stringify({ member, expiresAt }));
  }

  private add(revocation: Revocation, expiresAt: number): void {
    this.list.add(revocation, expiresAt);
  }

  private hear(message: string): void {
    let heard: { member?: unknown; expiresAt?: unknown };
    try {
      heard = JSON.parse(message) as typeof heard;
    } catch {
      return;
    }
    if (typeof heard?.member === 'string' && typeof heard.expiresAt === 'number') {
      this.addMember(heard.member, heard.expiresAt);
    }
  }

  private addMember(member: string, expiresAt: number): void {
    const revocation = fromMember(member);
    if (revocation !== undefined) this.add(revocation, expiresAt);
  }

  private catchUp(missedMs: number): void {
    const sinceMs = performance.now() - missedMs;
    this.behindSinceMs = Math.min(sinceMs, this.behindSinceMs ?? Infinity);
    // One that runs may have read before the interruption.
    const before = this.reading ?? Promise.resolve();
    const reading = before.then(() => this.read());
    this.reading = reading;
  }

  private async read(): Promise<void> {
    clearTimeout(this.retry);
    try {
      const elsewhere = await this.store.readIndex(name);
      for (const [member, expiresAt] of elsewhere) this.addMember(member, expiresAt);
      this.behindSinceMs = undefined;
      this.hasRead = true;
      this.onFirstRead();
      // What was revoked here meanwhile, and what the store has lost.
      for (const [member, expiresAt] of this.list.members) {
        if (!elsewhere.has(member)) await this.tell(member, expiresAt);
      }
    } catch {
      // The store has said itself what is wrong. Gone again, it calls us when it is back; else we try it.
      this.retry = setTimeout(() => {
        if (this.store.isReachable) this.catchUp(0);
      }, retryMs);
      this.retry.unref();
    }
  }
}
