import { Inject, Injectable } from '@nestjs/common';

import { AUTHENTIK_OPTIONS } from '../../authentik.constants.js';
import { AuthentikError, refusalReason, TokenGrantError, TokenVerificationError } from '../../errors/index.js';
import { AuthentikLogger } from '../../observability/authentik-logger.js';
import type { AuthentikApplication, ResolvedAuthentikOptions } from '../../options/index.js';
import type { AuthentikClaims } from '../../protocol/claims.types.js';
import { parseScope } from '../../protocol/scope.js';
import { type AuthentikUser, toAuthentikUser } from '../../protocol/user.js';
import { TokenInspector } from '../grants/token-inspector.js';
import { IntrospectionVerifier } from './introspection.verifier.js';
import { JwtVerifier, refuse } from './jwt.verifier.js';
import { RejectedTokens } from './rejected-tokens.js';
import { Revocations } from './revocations.js';
import { SigningKeys } from './signing-keys.js';
import { type VerifiedToken, VerifiedTokens } from './verified-tokens.js';

/**
 * Judges an access token by whoever is able to: what is remembered, its signature, Authentik itself. Each route either
 * decides or is not able to; none is asked after one that has decided.
 */
@Injectable()
export class TokenVerifier {
  private readonly verified: VerifiedTokens;
  private readonly rejected = new RejectedTokens();
  private readonly running = new Map<string, Promise<AuthentikUser>>();

  constructor(
    @Inject(AUTHENTIK_OPTIONS) private readonly options: ResolvedAuthentikOptions,
    private readonly jwt: JwtVerifier,
    private readonly introspection: IntrospectionVerifier,
    private readonly inspector: TokenInspector,
    private readonly keys: SigningKeys,
    private readonly logger: AuthentikLogger,
    private readonly revocations: Revocations,
  ) {
    const { cacheMaxEntries, clockToleranceSeconds } = options.tokens;
    this.verified = new VerifiedTokens(cacheMaxEntries, clockToleranceSeconds, revocations);
  }

  /** The user of a token that was verified before and still counts. At once, for the path of every request. */
  recall(accessToken: string): AuthentikUser | undefined {
    return this.revocations.isReliable ? this.verified.find(accessToken) : undefined;
  }

  /**
   * @throws {TokenVerificationError} not acceptable
   * @throws {AuthentikUnavailableError} nobody could be asked
   */
  async verify(accessToken: string): Promise<AuthentikUser> {
    this.revocations.check();
    if (this.revocations.hasToken(accessToken)) throw refuse('revoked');
    const recalled = this.recall(accessToken);
    if (recalled !== undefined) return recalled;
    const rejection = this.rejected.find(accessToken);
    if (rejection !== undefined) throw rejection;
    // A page that loads sends one token many times at once.
    let running = this.running.get(accessToken);
    if (running === undefined) {
      running = this.judge(accessToken).finally(() => this.running.delete(accessToken));
      this.running.set(accessToken, running);
    }
    return running;
  }

  private async judge(accessToken: string): Promise<AuthentikUser> {
    const isJws = accessToken.split('.', 4).length === 3;
    const { validation } = this.options.tokens;
    const route = isJws && validation !== 'introspect' ? 'local verification' : 'introspection';
    try {
      const verified = isJws ? await this.judgeJws(accessToken) : await this.judgeOther(accessToken);
      const { user, issuedAt } = verified;
      // The token itself may have been revoked meanwhile.
      if (this.revocations.hasToken(accessToken) || this.revocations.covers(user, issuedAt)) throw refuse('revoked');
      if (issuedAt !== undefined) this.revocations.noteLife(user.expiresAt - issuedAt);
      if (verified.goodUntilMs > Date.now()) this.verified.remember(accessToken, verified);
      this.debug(() => `${route} accepts a token: client=${user.clientId} sub=${user.id}`);
      return user;
    } catch (error) {
      this.debug(() => {
        const why =
          error instanceof AuthentikError ? `${refusalReason(error)}: ${error.message}` : 'an unexpected error';
        return `${route} refuses a token: ${why}`;
      });
      if (error instanceof TokenVerificationError) this.rejected.remember(accessToken, error);
      throw error;
    }
  }

  private async judgeJws(accessToken: string): Promise<VerifiedToken> {
    const { validation } = this.options.tokens;
    if (validation === 'introspect') {
      const { application } = this.jwt.precheck(accessToken);
      return this.introspected(await this.introspection.verify(accessToken, application));
    }
    const { claims, application, algorithm, kid } = await this.jwt.verify(accessToken);
    if (validation === 'local+introspect') await this.introspection.verify(accessToken, application);
    const user = this.toUser(await this.withGroups(accessToken, claims, application));
    const goodUntilMs = validation === 'local' ? Infinity : this.introspectionEndsMs();
    const issuedAt = issuedAtOf(claims);
    // The client secret has no name, and no key is withdrawn: the options have it or not.
    if (algorithm === 'HS256') return { user, issuedAt, goodUntilMs };
    // A key without a name could not be missed when it is withdrawn, so nothing is remembered of it.
    return kid === undefined
      ? { user, issuedAt, goodUntilMs: 0 }
      : { user, issuedAt, key: { keys: this.keys.of(application), kid }, goodUntilMs };
  }

  /** Opaque tokens and encrypted ones: only Authentik can tell. */
  private async judgeOther(accessToken: string): Promise<VerifiedToken> {
    if (!this.introspection.canAsk) throw refuse('malformed');
    return this.introspected(await this.introspection.verify(accessToken));
  }

  private introspected(claims: AuthentikClaims): VerifiedToken {
    return { user: this.toUser(claims), issuedAt: issuedAtOf(claims), goodUntilMs: this.introspectionEndsMs() };
  }

  private introspectionEndsMs(): number {
    return Date.now() + this.options.tokens.introspectionTtlSeconds * 1000;
  }

  /** A provider can leave the claims of its mappings out of tokens; UserInfo always has them. */
  private async withGroups(
    accessToken: string,
    claims: AuthentikClaims,
    application: AuthentikApplication,
  ): Promise<AuthentikClaims> {
    const hasProfile = claims.scope === undefined || parseScope(claims.scope).includes('profile');
    const isLeftOut = claims.preferred_username === undefined && claims.name === undefined;
    if (claims.groups !== undefined || !hasProfile || !isLeftOut) return claims;
    try {
      const more = await this.inspector.userInfo(accessToken, claims.sub, application);
      return { ...(more as Partial<AuthentikClaims>), ...claims };
    } catch (error) {
      // Without `openid` nothing is told; the user then has no groups.
      if (error instanceof TokenGrantError) return claims;
      throw error;
    }
  }

  private toUser(claims: AuthentikClaims): AuthentikUser {
    const user = toAuthentikUser(claims, 'bearer');
    if (this.options.tokens.keepClaims) return user;
    const { iss, sub, aud, exp } = claims;
    return { ...user, claims: { iss, sub, aud, exp } };
  }

  private debug(line: () => string): void {
    if (this.logger.writes('debug')) this.logger.debug(line());
  }
}

const issuedAtOf = ({ iat }: { readonly iat?: unknown }) => (typeof iat === 'number' ? iat : undefined);
