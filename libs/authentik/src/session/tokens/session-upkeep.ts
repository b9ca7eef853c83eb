import { randomUUID } from 'node:crypto';

import { Inject, Injectable } from '@nestjs/common';

import { AUTHENTIK_OPTIONS, AUTHENTIK_STORE } from '../../authentik.constants.js';
import {
  AuthentikUnavailableError,
  TokenGrantError,
  TokenVerificationError,
  UnauthenticatedError,
} from '../../errors/index.js';
import type { ResolvedAuthentikOptions } from '../../options/index.js';
import { AuthentikLogger } from '../../observability/authentik-logger.js';
import type { AuthentikClaims } from '../../protocol/claims.types.js';
import type { KeyValueStore } from '../../stores/key-value-store.js';
import { SingleFlight } from '../../tokens/grants/single-flight.js';
import { TokenInspector } from '../../tokens/grants/token-inspector.js';
import { TokenRefresher } from '../../tokens/grants/token-refresher.js';
import { save, type SessionRequest } from '../mount/express-session.js';
import { lockKey } from '../store/session-keys.js';
import { SessionRegistry } from '../store/session-registry.js';
import { recordKey, type SessionRecord } from '../store/session-record.js';
import { KeptTokens } from './kept-tokens.js';
import type { SessionTokens } from './sealed-tokens.js';
import { TokenVault } from './token-vault.js';

/** An access token is refreshed when it has less than this left, in seconds. */
const leastLifeSeconds = 60;
/** After a failure Authentik is left alone for so long, in milliseconds. */
const pauseMs = 5_000;
/** How often somebody else's refresh is looked for, in milliseconds. */
const lookMs = 50;

const nowSeconds = () => Date.now() / 1000;

/**
 * Keeps a session true while it lasts: its tokens in date, and its groups no older than they may be. One at a time for
 * each session, over all tabs and processes.
 */
@Injectable()
export class SessionUpkeep {
  private readonly flights = new SingleFlight<SessionRecord>();
  private pausedUntilMs = 0;

  constructor(
    @Inject(AUTHENTIK_OPTIONS) private readonly options: ResolvedAuthentikOptions,
    @Inject(AUTHENTIK_STORE) private readonly values: KeyValueStore,
    private readonly vault: TokenVault,
    private readonly kept: KeptTokens,
    private readonly registry: SessionRegistry,
    private readonly refresher: TokenRefresher,
    private readonly inspector: TokenInspector,
    private readonly logger: AuthentikLogger,
  ) {}

  /**
   * @returns the record as it is now; the one that was given while nothing is due
   * @throws {UnauthenticatedError} Authentik does not let the session go on, or tells of somebody else; it has ended
   * @throws {AuthentikUnavailableError} the groups are too old, and nobody can be asked
   */
  async run(request: SessionRequest, sid: string, record: SessionRecord): Promise<SessionRecord> {
    if (!this.isDue(record)) return record;
    if (performance.now() < this.pausedUntilMs) return this.goOnWithout(record);
    try {
      const renewed = await this.flights.run(sid, () => this.renew(sid, record));
      if (request.session !== undefined && request.session !== null) {
        request.session[recordKey] = renewed;
        await save(request.session);
      }
      return renewed;
    } catch (error) {
      if (isOver(error)) {
        const ended = await this.registry.end(sid, 'grant_ended');
        void this.kept.revoke(ended?.tokens ?? {});
        throw new UnauthenticatedError('Authentik does not let the session go on, so it has ended.');
      }
      if (!(error instanceof AuthentikUnavailableError)) throw error;
      this.pausedUntilMs = performance.now() + pauseMs;
      this.logger.warn(`A session could not be renewed now: ${error.message}`);
      return this.goOnWithout(record);
    }
  }

  /** Whether {@link run} has anything to do. */
  isDue(record: SessionRecord): boolean {
    return this.isTokenDue(record) || this.areClaimsDue(record);
  }

  private isTokenDue({ accessTokenExpiresAt }: SessionTokens): boolean {
    return accessTokenExpiresAt !== undefined && accessTokenExpiresAt - nowSeconds() < leastLifeSeconds;
  }

  private areClaimsDue(record: SessionRecord): boolean {
    const maxAgeSeconds = this.options.session?.membershipMaxAgeSeconds;
    return maxAgeSeconds !== undefined && claimsAge(record) >= maxAgeSeconds;
  }

  /** A session outlives an outage of Authentik; what its groups allow does so for a while. */
  private goOnWithout(record: SessionRecord): SessionRecord {
    const { membershipMaxAgeSeconds } = this.options.session ?? {};
    const { staleKeysSeconds } = this.options.tokens;
    if (membershipMaxAgeSeconds !== undefined && claimsAge(record) >= membershipMaxAgeSeconds + staleKeysSeconds) {
      throw new AuthentikUnavailableError('The groups of the session are too old, and Authentik cannot be asked.', {
        endpoint: 'userinfo',
        retryAfterSeconds: pauseMs / 1000,
      });
    }
    return record;
  }

  private async renew(sid: string, record: SessionRecord): Promise<SessionRecord> {
    const kept = await this.vault.read(sid);
    if (kept?.accessToken === undefined) {
      // Nothing to renew it with: the store lost it, or the secret that sealed it is gone.
      throw new TokenGrantError('invalid_grant', 'The tokens of the session are gone.');
    }
    let tokens = this.isTokenDue(kept) ? await this.refresh(sid, record) : kept;
    const renewed = { ...record, ...expiryOf(tokens) };
    if (!this.areClaimsDue(record)) return renewed;
    let claims: object;
    try {
      claims = await this.readClaims(record, tokens);
    } catch (error) {
      if (!(error instanceof TokenVerificationError && error.reason === 'inactive')) throw error;
      // Revoked, which is not the end while the grant lives.
      tokens = await this.refresh(sid, record, tokens.accessToken);
      claims = await this.readClaims(record, tokens);
    }
    // Groups that are not told any more are unknown: neither those of before nor none.
    const { groups: _groups, ...before } = record.claims;
    return {
      ...renewed,
      ...expiryOf(tokens),
      claims: { ...before, ...claims, ...signedOf(record) },
      claimsReadAt: Math.floor(nowSeconds()),
    };
  }

  private readClaims({ claims }: SessionRecord, { accessToken = '' }: SessionTokens): Promise<object> {
    return this.inspector.userInfo(accessToken, claims.sub);
  }

  /**
   * One at a time: Authentik takes a refresh token once.
   * @param useless an access token that is of no use, however long it would live
   */
  private async refresh(sid: string, { signedInAt }: SessionRecord, useless?: string): Promise<SessionTokens> {
    const { timeoutMs } = this.options;
    const deadline = performance.now() + 2 * timeoutMs;
    const holder = randomUUID();
    while (!(await this.values.compareAndSet(lockKey(sid), undefined, holder, (2 * timeoutMs) / 1000 + 1))) {
      if (performance.now() > deadline) throw busy();
      await new Promise((resolve) => setTimeout(resolve, lookMs));
    }
    try {
      const kept = await this.vault.read(sid);
      // Somebody else was faster.
      if (kept !== undefined && !this.isTokenDue(kept) && kept.accessToken !== useless) return kept;
      if (kept?.refreshToken === undefined) {
        throw new TokenGrantError(
          'invalid_grant',
          'Authentik gave no refresh token: see that it grants offline_access.',
        );
      }
      const fresh = await this.refresher.refresh(kept.refreshToken);
      const tokens: SessionTokens = {
        ...kept,
        accessToken: fresh.accessToken,
        accessTokenExpiresAt: Math.floor(nowSeconds()) + fresh.expiresInSeconds,
        ...(fresh.refreshToken !== undefined && { refreshToken: fresh.refreshToken }),
        ...(fresh.idToken !== undefined && { idToken: fresh.idToken }),
      };
      await this.vault.write(sid, tokens, signedInAt);
      // It may have ended meanwhile, and then nobody would take them away any more.
      if (!(await this.registry.isKept(sid))) {
        await this.vault.take(sid);
        void this.kept.revoke(tokens);
        throw new TokenGrantError('invalid_grant', 'The session ended while its tokens were refreshed.');
      }
      return tokens;
    } finally {
      // Only our own: of a slow holder the lock is over, and may be somebody else's by now.
      await this.values.compareAndSet(lockKey(sid), holder, holder, 0).catch(() => undefined);
    }
  }
}

const claimsAge = ({ claimsReadAt, signedInAt }: SessionRecord) => nowSeconds() - (claimsReadAt ?? signedInAt);

/** Besides those that every token has: RFC 7519 §4.1, RFC 9068 §2.2, OpenID Connect Core 1.0 §2. */
const signedClaims = ['azp', 'sid', 'iat', 'nbf', 'jti', 'nonce', 'scope', 'auth_time', 'acr', 'amr'] as const;

/**
 * What was signed says whose session it is, how it began and what was granted; UserInfo, which mappings fill, tells the
 * rest.
 */
function signedOf({ claims }: SessionRecord): Partial<AuthentikClaims> {
  const { iss, sub, aud, exp } = claims;
  return { iss, sub, aud, exp, ...Object.fromEntries(signedClaims.map((name) => [name, claims[name]])) };
}

const expiryOf = ({ accessTokenExpiresAt }: SessionTokens) =>
  accessTokenExpiresAt === undefined ? {} : { accessTokenExpiresAt };

const busy = () =>
  new AuthentikUnavailableError('Another process refreshes the tokens of the session, and does not come to an end.', {
    endpoint: 'token',
    retryAfterSeconds: 1,
  });

/** Also where UserInfo is about somebody else: that is an answer, and no outage. OpenID Connect Core 1.0 §5.3.2 */
const isOver = (error: unknown) =>
  error instanceof TokenVerificationError || (error instanceof TokenGrantError && error.isGrantEnded);
