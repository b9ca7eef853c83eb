import type { EmbeddedClock } from '../clock.js';
import type { Habits } from '../versions.js';
import { accessTokenClaims, halfHash, idTokenClaims, type ClaimsContext } from './claims.js';
import type { Issued } from './issued.js';
import type { Grant, TokenClaims } from './records.js';
import { signClaims } from './sign.js';

/** What differs from one issue to the next. */
export interface IssueOptions {
  /** Issuer by the host of this very request. */
  readonly issuer: string | undefined;
  /** Life of the access token, in seconds. Default: the provider's. */
  readonly expiresInSeconds?: number;
  /** The code that goes along, in hybrid answers. */
  readonly code?: string;
  /** Claims set over all others; one that is undefined is taken away. For tests. */
  readonly claims?: TokenClaims;
}

/** An access token, and the claims that the ID token beside it has. */
export interface IssuedAccessToken {
  readonly accessToken: string;
  readonly expiresInSeconds: number;
}

/** Signs and stores tokens. */
export class TokenIssuer {
  constructor(
    private readonly issued: Issued,
    private readonly habits: Habits,
    private readonly clock: EmbeddedClock,
  ) {}

  async accessToken(grant: Grant, options: IssueOptions): Promise<IssuedAccessToken> {
    const context = this.#context(grant, options);
    const claims = Object.fromEntries(
      Object.entries({ ...accessTokenClaims(grant, context), ...options.claims }).filter(
        ([, value]) => value !== undefined,
      ),
    );
    const accessToken = await signClaims(claims, grant.provider);
    const { azp: _azp, uid: _uid, scope: _scope, ...idClaims } = claims;
    this.issued.tokens.set(accessToken, {
      kind: 'access',
      grant,
      claims: idClaims,
      revoked: false,
      expiresAtMs: this.clock.nowMs() + context.expiresInSeconds * 1000,
    });
    return { accessToken, expiresInSeconds: context.expiresInSeconds };
  }

  /** @param accessToken makes `at_hash`, as answers of the authorization endpoint have it; the code grant has none */
  idToken(grant: Grant, options: IssueOptions, accessToken?: string): Promise<string> {
    const claims = idTokenClaims(grant, this.#context(grant, options, accessToken));
    // The two tokens of one answer of the authorization endpoint have one `jti`; those of the token endpoint have two.
    const jti = accessToken === undefined ? undefined : this.issued.tokens.get(accessToken)?.claims['jti'];
    return signClaims({ ...claims, ...(jti !== undefined && { jti }) }, grant.provider);
  }

  refreshToken(grant: Grant, options: IssueOptions, accessToken: string): string {
    return this.issued.issueRefreshToken(grant, idTokenClaims(grant, this.#context(grant, options, accessToken)));
  }

  #context(grant: Grant, options: IssueOptions, accessToken?: string): ClaimsContext {
    return {
      habits: this.habits,
      issuer: options.issuer,
      nowSeconds: this.clock.nowSeconds(),
      expiresInSeconds: options.expiresInSeconds ?? Math.floor(grant.provider.accessTokenValiditySeconds),
      sessionEnded: grant.session !== undefined && !this.issued.isAlive(grant.session),
      ...(options.code !== undefined && { codeHash: halfHash(options.code) }),
      ...(accessToken !== undefined && { accessTokenHash: halfHash(accessToken) }),
    };
  }
}
