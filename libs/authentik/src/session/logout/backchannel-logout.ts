import { hash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

import { Inject, Injectable } from '@nestjs/common';

import { AUTHENTIK_STORE } from '../../authentik.constants.js';
import { AuthentikLogger } from '../../observability/authentik-logger.js';
import type { KeyValueStore } from '../../stores/key-value-store.js';
import { Revocations } from '../../tokens/verify/revocations.js';
import { SessionRegistry } from '../store/session-registry.js';
import { KeptTokens } from '../tokens/kept-tokens.js';
import { LogoutTokenVerifier, refuseLogoutToken, type VerifiedLogoutToken } from './logout-token.verifier.js';
import { postedLogoutToken } from './posted-logout-token.js';

/**
 * Ends what Authentik says is over, on every process.
 * @see OpenID Connect Back-Channel Logout 1.0 §2.7
 */
@Injectable()
export class BackchannelLogout {
  constructor(
    private readonly verifier: LogoutTokenVerifier,
    private readonly registry: SessionRegistry,
    @Inject(AUTHENTIK_STORE) private readonly values: KeyValueStore,
    private readonly kept: KeptTokens,
    private readonly revocations: Revocations,
    private readonly logger: AuthentikLogger,
  ) {}

  /**
   * @returns how many sessions ended
   * @throws {LogoutTokenError} what was posted is not acceptable
   * @throws {AuthentikUnavailableError} the keys or the store are away; the same token counts when it comes again
   */
  async receive(request: IncomingMessage): Promise<number> {
    const token = await this.verifier.verify(await postedLogoutToken(request));
    const key = usedKey(token);
    if ((await this.values.get(key)) !== undefined) throw refuseLogoutToken('replayed');
    const ended = await this.end(token);
    // Only now: had it been noted first and the store then been lost, Authentik's next attempt would be called a replay.
    // Of two at once both end the same sessions, which harms nobody, and one is refused.
    const remainingSeconds = token.expiresAt - Date.now() / 1000;
    if (!(await this.values.compareAndSet(key, undefined, '1', remainingSeconds))) throw refuseLogoutToken('replayed');
    const { issuer, sessionId, subject } = token;
    const whose = sessionId === undefined ? `sub=${subject ?? ''}` : `sid=${sessionId}`;
    const line = `back-channel logout of ${issuer} ended ${ended} session(s) of ${whose}`;
    // Authentik tells of all sessions, those too that never were here or have ended here before.
    if (ended === 0) this.logger.debug(line);
    else this.logger.log(line);
    return ended;
  }

  /**
   * Of one Authentik session where it names one; other sessions of that person go on. Their access tokens are of no use
   * any more either, whoever holds them.
   */
  private async end({ issuer, sessionId, subject = '', issuedAt }: VerifiedLogoutToken): Promise<number> {
    if (sessionId === undefined) await this.revocations.revokeSubject({ issuer, subject, issuedUntil: issuedAt });
    else await this.revocations.revokeSession({ issuer, sessionId });
    const ended =
      sessionId === undefined
        ? await this.registry.endBySubject({ issuer, subject })
        : await this.registry.endBySessionId({ issuer, sessionId });
    // Not waited for: the sessions are over, and Authentik waits for an answer, maybe with the same process.
    void this.kept.revokeAll(ended.map(({ tokens }) => tokens));
    return ended.length;
  }
}

/** By hash: a token id has no longest length. */
const usedKey = ({ issuer, tokenId }: VerifiedLogoutToken) =>
  `logout-token:${hash('sha256', JSON.stringify([issuer, tokenId]), 'base64url')}`;
