import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import type { UserInfoResponse } from 'openid-client';

import { AUTHENTIK_OPTIONS } from '../../authentik.constants.js';
import { TokenGrantError } from '../../errors/index.js';
import { AuthentikLogger } from '../../observability/authentik-logger.js';
import type { ResolvedAuthentikOptions } from '../../options/index.js';
import type { AuthentikClaims } from '../../protocol/claims.types.js';
import { TokenInspector } from '../grants/token-inspector.js';
import { maxTokenCharacters, refuse } from './jwt.verifier.js';

/** What a bearer token is made of; anything else could not even be sent on. @see RFC 6750 §2.1 */
const b64token = /^[\w.~+/-]+=*$/u;

/** What tells of a token, and not of a person. A mapping can write these into UserInfo, where nothing vouches for them. */
const aboutTokens = ['iss', 'aud', 'azp', 'uid', 'exp', 'nbf', 'iat', 'jti', 'sid', 'scope', 'client_id', 'act'];

/**
 * Judges an access token by whether UserInfo of the app's own application answers to it: the last resort, behind
 * `tokens.dangerouslyAcceptUserInfo`. It proves that Authentik knows the token, and neither its audience nor its scopes.
 * @see OpenID Connect Core 1.0 §5.3
 */
@Injectable()
export class UserInfoVerifier implements OnApplicationBootstrap {
  constructor(
    private readonly inspector: TokenInspector,
    @Inject(AUTHENTIK_OPTIONS) private readonly options: ResolvedAuthentikOptions,
    private readonly logger: AuthentikLogger,
  ) {}

  /** Whether the options let it judge. */
  get canAsk(): boolean {
    return this.options.tokens.dangerouslyAcceptUserInfo;
  }

  onApplicationBootstrap(): void {
    if (!this.canAsk) return;
    this.logger.warn(
      'tokens.dangerouslyAcceptUserInfo is on: opaque and encrypted access tokens of ANY application of this Authentik ' +
        'count here. Give the app a clientSecret instead, so that introspection can judge whom a token was issued to.',
    );
  }

  /**
   * @returns claims without scopes and without a client, since neither is known; no audience is, either
   * @throws {TokenVerificationError} Authentik does not know the token, or tells nothing of its person
   * @throws {AuthentikUnavailableError} it could not be asked
   */
  async verify(accessToken: string): Promise<AuthentikClaims> {
    if (accessToken.length > maxTokenCharacters || !b64token.test(accessToken)) throw refuse('malformed');
    const answer = await this.ask(accessToken);
    const { sub } = answer;
    if (typeof sub !== 'string' || sub === '') throw refuse('claims');
    const told = Object.entries(answer).filter(([name]) => !aboutTokens.includes(name));
    return {
      ...Object.fromEntries(told),
      sub,
      iss: this.options.issuer,
      // Nobody: whoever asks for an audience must not find it.
      aud: [],
      // When the token ends is not told; this is when the answer does, never in the past.
      exp: Math.floor(Date.now() / 1000) + this.options.tokens.introspectionTtlSeconds + 1,
    };
  }

  private async ask(accessToken: string): Promise<UserInfoResponse> {
    try {
      return await this.inspector.userInfo(accessToken);
    } catch (error) {
      // Without the scope openid nothing is told.
      if (error instanceof TokenGrantError) throw refuse('claims', error);
      throw error;
    }
  }
}
