import type { EmbeddedClock } from '../clock.js';
import type { Provider, User } from '../directory/entries.js';
import { randomHex, randomLettersAndDigits } from '../random.js';
import { ExpiringMap, type Expiring } from './expiring-map.js';
import type { AuthorizationCode, BrowserSession, Grant, StoredToken, TokenClaims } from './records.js';
import { DeviceCodes } from './device-codes.js';

const SESSION_SECONDS = 14 * 86_400;
/** A browser that never signed in is forgotten soon. */
const ANONYMOUS_SESSION_SECONDS = 3600;
const CONSENT_SECONDS = 28 * 86_400;

/** Everything that was given out and may come back. */
export class Issued {
  readonly codes: ExpiringMap<AuthorizationCode>;
  readonly tokens: ExpiringMap<StoredToken>;
  readonly #sessions: ExpiringMap<BrowserSession>;
  /** What each person agreed to, by application. */
  readonly #consents: ExpiringMap<Expiring & { readonly scopes: readonly string[] }>;
  readonly devices: DeviceCodes;

  constructor(private readonly clock: EmbeddedClock) {
    this.codes = new ExpiringMap(clock);
    this.tokens = new ExpiringMap(clock);
    this.#sessions = new ExpiringMap(clock);
    this.#consents = new ExpiringMap(clock);
    this.devices = new DeviceCodes(clock);
  }

  /** @returns the code: 32 lower-case hex characters */
  issueCode(code: Omit<AuthorizationCode, 'expiresAtMs'>): string {
    const value = randomHex();
    const life = code.grant.provider.accessCodeValiditySeconds;
    this.codes.set(value, { ...code, expiresAtMs: this.clock.nowMs() + life * 1000 });
    return value;
  }

  /** @returns the refresh token: 128 letters and digits */
  issueRefreshToken(grant: Grant, claims: TokenClaims): string {
    const value = randomLettersAndDigits(128);
    const life = grant.provider.refreshTokenValiditySeconds;
    this.tokens.set(value, {
      kind: 'refresh',
      grant,
      claims,
      revoked: false,
      expiresAtMs: this.clock.nowMs() + life * 1000,
    });
    return value;
  }

  session(key: string | undefined): BrowserSession | undefined {
    return key === undefined ? undefined : this.#sessions.get(key);
  }

  isAlive(session: BrowserSession): boolean {
    return this.#sessions.get(session.key) === session;
  }

  newSession(): BrowserSession {
    return this.#keep({ signIns: 0 }, ANONYMOUS_SESSION_SECONDS);
  }

  /** Signs somebody in. The session gets another key, so that a known one is worth nothing. */
  signIn(old: BrowserSession | undefined, user: User): BrowserSession {
    const {
      expiresAtMs: _,
      key: oldKey,
      signInOpened: __,
      wayOut: ___,
      ...rest
    } = old ?? { signIns: 0, expiresAtMs: 0, key: '' };
    this.#sessions.delete(oldKey);
    return this.#keep({ ...rest, user, authTime: this.clock.nowSeconds(), signIns: rest.signIns + 1 }, SESSION_SECONDS);
  }

  #keep(session: Omit<BrowserSession, 'key' | 'expiresAtMs'>, seconds: number): BrowserSession {
    const kept = { ...session, key: randomLettersAndDigits(32), expiresAtMs: this.clock.nowMs() + seconds * 1000 };
    this.#sessions.set(kept.key, kept);
    return kept;
  }

  /** @returns everybody's sessions, signed in or not, that have not ended */
  sessions(): Iterable<BrowserSession> {
    return this.#sessions.values();
  }

  /** Forgets a session; what becomes of its tokens is for the caller to say. */
  deleteSession(session: BrowserSession): void {
    this.#sessions.delete(session.key);
  }

  /** One consent a person and application: the latest, with its scopes. */
  rememberConsent(user: User, provider: Provider, scopes: readonly string[]): void {
    this.#consents.set(consentKey(user, provider), {
      scopes,
      expiresAtMs: this.clock.nowMs() + CONSENT_SECONDS * 1000,
    });
  }

  /** @returns the scopes agreed to, or undefined if there is no consent */
  rememberedConsent(user: User, provider: Provider): readonly string[] | undefined {
    return this.#consents.get(consentKey(user, provider))?.scopes;
  }
}

function consentKey(user: User, provider: Provider): string {
  return JSON.stringify([user.pk, provider.clientId]);
}
