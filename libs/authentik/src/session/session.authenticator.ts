import { Inject, Injectable } from '@nestjs/common';

import { AUTHENTIK_OPTIONS } from '../authentik.constants.js';
import { UnauthenticatedError } from '../errors/index.js';
import type { ResolvedAuthentikOptions } from '../options/index.js';
import type { AuthentikUser } from '../protocol/user.js';
import type { RequestAuthenticator } from '../rules/request-authentication.js';
import type { SessionRequest } from './mount/express-session.js';
import { Revocations } from '../tokens/verify/revocations.js';
import { SessionMiddleware } from './mount/session-middleware.js';
import { SessionRegistry } from './store/session-registry.js';
import { recordOf, type SessionRecord, userOf } from './store/session-record.js';
import { SessionStore } from './store/session-store.js';
import { KeptTokens } from './tokens/kept-tokens.js';
import { SessionUpkeep } from './tokens/session-upkeep.js';

/** Authenticates by the session that the cookie of a browser names. */
@Injectable()
export class SessionAuthenticator implements RequestAuthenticator {
  readonly credential = 'session';

  constructor(
    @Inject(AUTHENTIK_OPTIONS) private readonly options: ResolvedAuthentikOptions,
    private readonly middleware: SessionMiddleware,
    private readonly store: SessionStore,
    private readonly registry: SessionRegistry,
    private readonly upkeep: SessionUpkeep,
    private readonly kept: KeptTokens,
    private readonly revocations: Revocations,
  ) {}

  isPresent(request: object): boolean {
    return (
      recordOf((request as SessionRequest).session) !== undefined || this.middleware.failureOf(request) !== undefined
    );
  }

  /** At once, where nothing is due and nobody has to be asked. */
  authenticate(request: object): AuthentikUser | Promise<AuthentikUser> {
    const unavailable = this.middleware.failureOf(request);
    if (unavailable !== undefined) throw unavailable;
    const { session, sessionID: sid } = request as SessionRequest;
    const record = recordOf(session);
    if (record === undefined || sid === undefined) throw new UnauthenticatedError('Nobody is signed in.');
    this.store.adopt(request);
    const user = userOf(record, this.absoluteSeconds);
    // A logout of the back channel that came while this session began found nothing to end.
    if (this.revocations.covers(user, record.claims.iat)) throw new UnauthenticatedError('The session has ended.');
    return this.store.isOwn && this.hasTime(record) && !this.upkeep.isDue(record)
      ? user
      : this.look(request as SessionRequest, sid, record);
  }

  private async look(request: SessionRequest, sid: string, record: SessionRecord): Promise<AuthentikUser> {
    await this.checkThatItGoesOn(sid, record);
    return userOf(await this.upkeep.run(request, sid, record), this.absoluteSeconds);
  }

  private hasTime({ signedInAt }: SessionRecord): boolean {
    return Date.now() / 1000 - signedInAt < this.absoluteSeconds;
  }

  private async checkThatItGoesOn(sid: string, record: SessionRecord): Promise<void> {
    if (!this.hasTime(record)) {
      const ended = await this.registry.end(sid, 'expired');
      void this.kept.revoke(ended?.tokens ?? {});
      throw new UnauthenticatedError('The session has lasted as long as it may.');
    }
    if (await this.registry.hasEnded(sid)) throw new UnauthenticatedError('The session has ended.');
  }

  private get absoluteSeconds(): number {
    return this.options.session?.absoluteSeconds ?? 0;
  }
}
