import type { CryptoKey, JSONWebKeySet } from 'jose';
import * as errors from 'jose/errors';
import { createLocalJWKSet } from 'jose/jwks/local';

import type { AuthentikDiscovery } from '../../discovery/authentik-discovery.js';
import { noSigningKey } from '../../discovery/diagnosis.js';
import { AuthentikUnavailableError } from '../../errors/index.js';
import type { BoundedFetch } from '../../http/bounded-fetch.js';
import { causesOf, type LoadFailure, RetryingLoader } from '../../http/retrying-loader.js';
import type { AuthentikLogger } from '../../observability/authentik-logger.js';
import type { AuthentikApplication } from '../../options/index.js';
import { signatureCharactersOf } from './signature-characters.js';

/** An unknown `kid` asks Authentik again at most this often, so that a flood of them does not become one of ours. */
const cooldownMs = 5_000;
/** Older keys are read again in the background. */
const maxAgeMs = 5 * 60 * 1000;
/** On the path of a token the age of the keys is looked at once in this time only, and so late at most. */
const reliedOnForMs = 1_000;
/**
 * Still older ones count only after Authentik was asked again, or could not be: it may have withdrawn them. In ten minutes
 * their tokens have ended.
 */
const longestUnaskedMs = 10 * 60 * 1000 - reliedOnForMs;

/** Of a token's header, what names its key. */
export interface KeyName {
  readonly alg: string;
  readonly kid?: string | undefined;
}

/** A published key that was found before. */
export interface FoundKey {
  /** The algorithm that it was asked for last. */
  readonly alg: string;
  readonly key: CryptoKey;
  /** How many characters each of its signatures has in a token; `undefined` where that is not known. */
  readonly signatureCharacters: number | undefined;
}

interface KnownKeys {
  readonly find: ReturnType<typeof createLocalJWKSet>;
  /** By `kid`. */
  readonly found: Map<string, FoundKey>;
  readonly kids: ReadonlySet<string>;
  readonly readAtMs: number;
}

export interface ApplicationKeysOptions {
  readonly application: AuthentikApplication;
  readonly discovery: AuthentikDiscovery;
  readonly fetch: BoundedFetch;
  readonly logger: AuthentikLogger;
  /** How long known keys serve on while they cannot be read again, in seconds. */
  readonly staleKeysSeconds: number;
}

/**
 * The public keys of one application's provider. Authentik shows only the current one, so a rotated key is unknown
 * until the set is read again.
 */
export class ApplicationKeys {
  private readonly loader: RetryingLoader<KnownKeys>;
  private readonly names = new Map<string, NamedKey>();
  private known: KnownKeys | undefined;
  private reliedOnAtMs = -Infinity;
  private saidThatNone = false;
  private failureSaid: string | undefined;
  private readonly ending = new AbortController();

  constructor(private readonly options: ApplicationKeysOptions) {
    this.loader = new RetryingLoader({
      endpoint: 'jwks',
      load: () => this.read(),
      now: () => performance.now(),
      onFailure: (error) => {
        // Discovery has said it already.
        if (error instanceof AuthentikUnavailableError) return;
        this.sayThatItFails(causesOf(error));
      },
    });
  }

  /** Whether tokens can be judged now without asking. */
  get isKnown(): boolean {
    return this.known !== undefined && !this.isTooOld(this.known);
  }

  /**
   * Reads them, where they are not known.
   * @throws {AuthentikUnavailableError} they cannot be read now
   */
  async ready(): Promise<void> {
    await this.current();
  }

  /** For the end of the app: a call that runs is given up, without a word. */
  stop(): void {
    this.ending.abort();
  }

  /** @param kid of a key that Authentik has published once */
  named(kid: string): NamedKey {
    let key = this.names.get(kid);
    if (key === undefined) this.names.set(kid, (key = new NamedKey(this, kid)));
    return key;
  }

  /** Whether a key counts still; see {@link NamedKey.isPublished}. */
  publishes(kid: string, nowMs: number): boolean {
    return this.reliedOn(nowMs)?.kids.has(kid) === true;
  }

  /** The same as {@link usable}, without a look at the clock each time. */
  private reliedOn(nowMs: number): KnownKeys | undefined {
    // To look at a clock costs a request a fifth of what it costs to hash its token, and one was looked at for the token. It
    // may be set, so it says only when to look at the other one: set back by less than a second, it says so that much later.
    const sinceMs = nowMs - this.reliedOnAtMs;
    if (sinceMs >= 0 && sinceMs < reliedOnForMs) return this.known;
    const usable = this.usable();
    if (usable !== undefined) this.reliedOnAtMs = nowMs;
    return usable;
  }

  /** What counts now without asking. Reads the keys again in the background when it is time. */
  private usable(): KnownKeys | undefined {
    const { known } = this;
    // For most requests one look at the clock is enough.
    if (known === undefined || performance.now() - known.readAtMs <= maxAgeMs) return known;
    if (this.isTooOld(known)) return undefined;
    this.refreshIfDue(known);
    return this.mustAsk(known) ? undefined : known;
  }

  /** That they cannot be read now; `undefined` if they can, as far as is known. */
  get failure(): LoadFailure | undefined {
    return this.loader.failure;
  }

  /**
   * What can be said at once, without a promise: on the path of every request that is not remembered.
   * @param nowMs the clock, in epoch milliseconds
   * @returns the key; `unknown` where Authentik has no such key and is not asked again now; `undefined` where
   * {@link find} has to look
   */
  peek({ alg, kid }: KeyName, nowMs: number): FoundKey | 'unknown' | undefined {
    const known = this.reliedOn(nowMs);
    if (known === undefined || kid === undefined) return undefined;
    if (!known.kids.has(kid)) return this.mayAskAgain(known) ? undefined : 'unknown';
    const found = known.found.get(kid);
    return found?.alg === alg ? found : undefined;
  }

  /**
   * The key that the token's header names.
   * @throws {AuthentikUnavailableError} the keys are not known and cannot be read now
   * @throws {errors.JWKSNoMatchingKey} Authentik has no such key
   */
  readonly find = async (name: KeyName): Promise<CryptoKey> => {
    const known = await this.current();
    try {
      return await findIn(known, name);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      // Others of a flood may have read them since: what counts is when that was last, not when this one began.
      const newest = this.known ?? known;
      if (newest !== known) return findIn(newest, name);
      if (!this.mayAskAgain(known)) throw error;
      return findIn(await this.load(), name);
    }
  };

  private mayAskAgain({ readAtMs }: KnownKeys): boolean {
    return performance.now() - readAtMs >= cooldownMs && !this.loader.isPaused;
  }

  private isTooOld({ readAtMs }: KnownKeys): boolean {
    return performance.now() - readAtMs > maxAgeMs + this.options.staleKeysSeconds * 1000;
  }

  private async current(): Promise<KnownKeys> {
    if (this.known === undefined || this.isTooOld(this.known)) return this.load();
    const { known } = this;
    // While Authentik is down they serve on.
    if (this.mustAsk(known)) return this.load().catch(() => known);
    this.refreshIfDue(known);
    return known;
  }

  /** A process that was idle has not read the keys in the background. */
  private mustAsk({ readAtMs }: KnownKeys): boolean {
    return performance.now() - readAtMs > longestUnaskedMs && this.loader.failure === undefined;
  }

  private refreshIfDue({ readAtMs }: KnownKeys): void {
    if (performance.now() - readAtMs > maxAgeMs && !this.loader.isPaused) this.load().catch(() => undefined);
  }

  /** Once an outage, and again when its cause changes. */
  private sayThatItFails(cause: string): void {
    if (cause === this.failureSaid || this.ending.signal.aborted) return;
    this.failureSaid = cause;
    const { application, logger } = this.options;
    logger.warn(`The keys of ${application.baseUrl} cannot be read now: ${cause}`);
  }

  private load(): Promise<KnownKeys> {
    return this.loader.load();
  }

  private async read(): Promise<KnownKeys> {
    const { application, discovery, fetch, logger } = this.options;
    const { jwks_uri: url } = await discovery.serverMetadata(application);
    if (url === undefined) throw new Error('the provider metadata names no jwks_uri.');
    const { signal } = this.ending;
    const response = await fetch(url, { headers: { accept: 'application/json' }, signal });
    if (response.status !== 200) throw new Error(`jwks_uri answered ${response.status}.`);
    const { keys = [] } = (await response.json()) as Partial<JSONWebKeySet>;
    // Authentik answers `{}` when the provider has no signing key.
    if (keys.length === 0 && !this.saidThatNone) {
      this.saidThatNone = true;
      logger.error(noSigningKey(application.applicationSlug));
    }
    const kids = new Set(keys.flatMap(({ kid }) => kid ?? []));
    if (this.failureSaid !== undefined) logger.log(`The keys of ${application.baseUrl} can be read again.`);
    this.failureSaid = undefined;
    // Before the loader lets go of this call: whoever came in between would begin another one.
    this.known = { find: createLocalJWKSet({ keys }), found: new Map(), kids, readAtMs: performance.now() };
    return this.known;
  }
}

/** A key by its name; one object for all tokens that were signed with it. */
export class NamedKey {
  constructor(
    private readonly keys: ApplicationKeys,
    private readonly kid: string,
  ) {}

  /**
   * Whether it is published still, as far as may be relied on; for tokens that were verified before. Reads the keys again
   * in the background when it is time.
   * @param nowMs the clock, in epoch milliseconds
   */
  isPublished(nowMs: number): boolean {
    return this.keys.publishes(this.kid, nowMs);
  }
}

async function findIn({ find, found }: KnownKeys, { alg, kid }: KeyName): Promise<CryptoKey> {
  if (kid === undefined) return find({ alg });
  const key = await find({ alg, kid });
  // Only a published `kid` comes here, so there are no more of them than Authentik has keys.
  found.set(kid, { alg, key, signatureCharacters: signatureCharactersOf(key) });
  return key;
}
