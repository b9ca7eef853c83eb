import { Inject, Injectable } from '@nestjs/common';

import { AUTHENTIK_OPTIONS } from '../../authentik.constants.js';
import type { AuthentikApplication, ResolvedAuthentikOptions } from '../../options/index.js';
import type { AuthentikClaims } from '../../protocol/claims.types.js';
import { TokenInspector } from '../grants/token-inspector.js';
import { refuse } from './jwt.verifier.js';

/**
 * Judges an access token by asking Authentik. It answers `active: false` for tokens of other applications, so each
 * application is asked with its own credentials, and only its yes counts.
 * @see RFC 7662 §2.2
 */
@Injectable()
export class IntrospectionVerifier {
  constructor(
    private readonly inspector: TokenInspector,
    @Inject(AUTHENTIK_OPTIONS) private readonly options: ResolvedAuthentikOptions,
  ) {}

  /** Whether there is anybody who could be asked. */
  get canAsk(): boolean {
    return this.options.applications.some(({ clientSecret }) => clientSecret !== undefined);
  }

  /**
   * @param application whose token it is; absent for a token that does not tell
   * @throws {TokenVerificationError} not active, or not for us
   * @throws {AuthentikUnavailableError} nobody could be asked
   */
  async verify(accessToken: string, application?: AuthentikApplication): Promise<AuthentikClaims> {
    const candidates = application === undefined ? this.options.applications : [application];
    for (const candidate of candidates) {
      if (candidate.clientSecret === undefined) continue;
      const claims = await this.inspector.introspect(accessToken, candidate);
      if (claims.active) return this.judge(claims, candidate);
    }
    throw refuse('inactive');
  }

  private judge(answer: Record<string, unknown>, application: AuthentikApplication): AuthentikClaims {
    const { iss, aud, client_id: clientId, sub, exp } = answer;
    const { clockToleranceSeconds } = this.options.tokens;
    if (iss !== application.issuer) throw refuse('issuer');
    const names = aud === application.audience || (Array.isArray(aud) && aud.includes(application.audience));
    if (!names || clientId !== application.clientId) throw refuse('audience');
    if (typeof sub !== 'string' || sub === '' || typeof exp !== 'number') throw refuse('claims');
    // A refresh token is active too, and has no business here: only those carry at_hash in this answer.
    if (answer['at_hash'] !== undefined) throw refuse('not_an_access_token');
    if (exp <= Date.now() / 1000 - clockToleranceSeconds) throw refuse('expired');
    const { active: _active, client_id: _clientId, ...claims } = answer;
    return { ...claims, azp: application.clientId } as unknown as AuthentikClaims;
  }
}
