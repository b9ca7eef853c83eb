import { Inject, Injectable } from '@nestjs/common';

import { AUTHENTIK_OPTIONS } from '../../authentik.constants.js';
import { AuthentikError, refusalReason, TokenGrantError, TokenVerificationError } from '../../errors/index.js';
import { AuthentikLogger } from '../../observability/authentik-logger.js';
import type { AuthentikApplication, ResolvedAuthentikOptions } from '../../options/index.js';
import type { AuthentikClaims } from '../../protocol/claims.types.js';
import { parseScope } from '../../protocol/scope.js';
import { type AuthentikUser, toAuthentikUser } from '../../protocol/user.js';
import { TokenInspector } from '../grants/token-inspector.js';
import { slipOf } from '../token-form.js';
import { CommonValues } from './common-values.js';
import { IntrospectionVerifier } from './introspection.verifier.js';
import { JudgementsUnderWay } from './judgements-under-way.js';
import { JwtVerifier, type PlausibleJwt, refusalOf, refuse, refuseForm } from './jwt.verifier.js';
import { RejectedTokens } from './rejected-tokens.js';
import { Revocations } from './revocations.js';
import { SigningKeys } from './signing-keys.js';
import { UnprovedTokens } from './unproved-tokens.js';
import { UserInfoVerifier } from './user-info.verifier.js';
import { type VerifiedToken, VerifiedTokens } from './verified-tokens.js';

/**
 * Judges an access token by whoever is able to: what is remembered, its signature, Authentik itself. Each route either
 * decides or is not able to; none is asked after one that has decided.
 */
@Injectable()
export class TokenVerifier {
  private readonly verified: VerifiedTokens;
  private readonly rejected = new RejectedTokens();
  private readonly unproved = new UnprovedTokens();
  private readonly common: CommonValues;
  private readonly underWay = new JudgementsUnderWay();

  constructor(
    @Inject(AUTHENTIK_OPTIONS) private readonly options: ResolvedAuthentikOptions,
    private readonly jwt: JwtVerifier,
    private readonly introspection: IntrospectionVerifier,
    private readonly inspector: TokenInspector,
    private readonly keys: SigningKeys,
    private readonly logger: AuthentikLogger,
    private readonly revocations: Revocations,
    private readonly userInfo: UserInfoVerifier,
  ) {
    const { cacheMaxEntries, clockToleranceSeconds, keepClaims } = options.tokens;
    this.common = new CommonValues(!keepClaims);
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
  // Not `async`: that would be one promise more on the way of every request.
  verify(accessToken: string): Promise<AuthentikUser> {
    try {
      // Not every caller is compiled.
      if (typeof accessToken !== 'string') throw refuseForm(accessToken);
      this.revocations.check();
      // None that is revoked; asked first, since it looks into the list once a revocation only.
      const recalled = this.verified.find(accessToken);
      if (recalled !== undefined) return Promise.resolve(recalled);
      if (this.revocations.hasToken(accessToken)) throw refuse('revoked');
      const rejection = this.rejected.find(accessToken);
      if (rejection !== undefined) throw rejection;
      const underWay = this.underWay.find(accessToken);
      if (underWay !== undefined) return underWay;
      const jwt = this.precheck(accessToken);
      return this.underWay.begin(accessToken, () => this.judge(accessToken, jwt));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Refuses what is hopeless before anything is set up for those who wait. `undefined`: only Authentik can tell. */
  private precheck(accessToken: string): PlausibleJwt | undefined {
    try {
      if (hasFormOfJws(accessToken)) return this.jwt.precheck(accessToken);
      const isNobodyAble = !this.introspection.canAsk && !this.userInfo.canAsk;
      if (isNobodyAble || slipOf(accessToken) !== '') throw refuseForm(accessToken);
      return undefined;
    } catch (error) {
      this.debug(() => saysNo('local verification', error));
      throw error;
    }
  }

  private async judge(accessToken: string, jwt: PlausibleJwt | undefined): Promise<AuthentikUser> {
    const isLocal = jwt !== undefined && this.options.tokens.validation !== 'introspect';
    const isUserInfo = jwt === undefined && !this.introspection.canAsk;
    const route = isLocal ? 'local verification' : isUserInfo ? 'UserInfo' : 'introspection';
    try {
      let verified: VerifiedToken;
      if (isLocal) {
        try {
          await this.jwt.prove(jwt);
        } catch (error) {
          throw refusalOf(error);
        }
        verified = this.provedLocally(jwt, this.needsHelp(jwt) ? await this.withHelp(jwt) : this.toUser(jwt.claims));
      } else if (isUserInfo) verified = await this.byUserInfo(accessToken);
      else verified = await this.introspected(accessToken, jwt?.application);
      const { user, issuedAt } = verified;
      if (issuedAt !== undefined) this.revocations.noteLife(user.expiresAt - issuedAt);
      // The token itself may have been revoked meanwhile. Nothing may come between this and remembering it.
      if (this.revocations.hit(accessToken, user, issuedAt)) throw refuse('revoked');
      this.verified.remember(accessToken, verified);
      this.debug(() => `${route} accepts a token: client=${user.clientId} sub=${user.id}`);
      return user;
    } catch (error) {
      this.debug(() => saysNo(route, error));
      if (error instanceof TokenVerificationError) this.rejected.remember(accessToken, error);
      throw error;
    } finally {
      this.underWay.end(accessToken);
    }
  }

  /** Whether its signature is not all that is asked for, or its claims do not tell all. */
  private needsHelp({ claims }: PlausibleJwt): boolean {
    return this.options.tokens.validation !== 'local' || lacksGroups(claims);
  }

  private async withHelp({ accessToken, claims, application }: PlausibleJwt): Promise<AuthentikUser> {
    if (this.options.tokens.validation !== 'local') await this.introspection.verify(accessToken, application);
    return this.toUser(lacksGroups(claims) ? await this.withUserInfo(accessToken, claims, application) : claims);
  }

  private provedLocally({ claims, application, algorithm, kid }: PlausibleJwt, user: AuthentikUser): VerifiedToken {
    const goodUntilMs = this.options.tokens.validation === 'local' ? undefined : this.introspectionEndsMs();
    const issuedAt = issuedAtOf(claims);
    // The client secret has no name, and no key is withdrawn: the options have it or not.
    if (algorithm === 'HS256') return { user, issuedAt, key: undefined, goodUntilMs };
    // A key without a name could not be missed when it is withdrawn, so nothing is remembered of it.
    return kid === undefined
      ? { user, issuedAt, key: undefined, goodUntilMs: 0 }
      : { user, issuedAt, key: this.keys.of(application).named(kid), goodUntilMs };
  }

  /** @param application whose credentials ask; default the app's own */
  private async introspected(accessToken: string, application?: AuthentikApplication): Promise<VerifiedToken> {
    const claims = await this.unproved.ask('introspection', () => this.introspection.verify(accessToken, application));
    const goodUntilMs = this.introspectionEndsMs();
    return { user: this.toUser(claims), issuedAt: issuedAtOf(claims), key: undefined, goodUntilMs };
  }

  private async byUserInfo(accessToken: string): Promise<VerifiedToken> {
    const user = this.toUser(await this.unproved.ask('userinfo', () => this.userInfo.verify(accessToken)));
    // A machine is told from a person who chose its name by `sid`, which UserInfo never has.
    const person = Object.freeze({ ...user, kind: 'person' as const });
    return { user: person, issuedAt: undefined, key: undefined, goodUntilMs: this.introspectionEndsMs() };
  }

  private introspectionEndsMs(): number {
    return Date.now() + this.options.tokens.introspectionTtlSeconds * 1000;
  }

  private async withUserInfo(
    accessToken: string,
    claims: AuthentikClaims,
    application: AuthentikApplication,
  ): Promise<AuthentikClaims> {
    try {
      const more = await this.inspector.userInfo(accessToken, claims.sub, application);
      return { ...(more as Partial<AuthentikClaims>), ...claims };
    } catch (error) {
      // Without `openid` nothing is told; the user's groups are then unknown.
      if (error instanceof TokenGrantError) return claims;
      throw error;
    }
  }

  private toUser(claims: AuthentikClaims): AuthentikUser {
    this.common.share(claims);
    const { iss, sub, aud, exp } = claims;
    return toAuthentikUser(claims, 'bearer', this.options.tokens.keepClaims ? claims : { iss, sub, aud, exp });
  }

  private debug(line: () => string): void {
    if (this.logger.writes('debug')) this.logger.debug(line());
  }
}

function hasFormOfJws(token: string): boolean {
  const second = token.indexOf('.', token.indexOf('.') + 1);
  return second > token.indexOf('.') && !token.includes('.', second + 1);
}

/** A provider can leave the claims of its mappings out of tokens; UserInfo always has them. */
function lacksGroups({ groups, scope, preferred_username, name }: AuthentikClaims): boolean {
  if (groups !== undefined || preferred_username !== undefined || name !== undefined) return false;
  return scope === undefined || parseScope(scope).includes('profile');
}

function saysNo(route: string, error: unknown): string {
  const why = error instanceof AuthentikError ? `${refusalReason(error)}: ${error.message}` : 'an unexpected error';
  return `${route} refuses a token: ${why}`;
}

const issuedAtOf = ({ iat }: { readonly iat?: unknown }) => (typeof iat === 'number' ? iat : undefined);
