import { Inject, Injectable } from '@nestjs/common';

import { AUTHENTIK_OPTIONS } from '../../authentik.constants.js';
import type { ResolvedAuthentikOptions } from '../../options/index.js';
import { tokensId } from '../store/session-keys.js';
import { SessionStore } from '../store/session-store.js';
import { type SessionTokens, TokenSealer } from './sealed-tokens.js';

/**
 * A store of somebody else may show a session after its end, and what it kept is then revoked: so much later, in
 * seconds, it is there still.
 */
const lateSeconds = 3600;

interface Kept {
  readonly sealed?: string;
}

/**
 * The sealed tokens of sessions, beside the sessions: a request that saves an old session must not bring back a refresh
 * token that is used up.
 */
@Injectable()
export class TokenVault {
  constructor(
    private readonly store: SessionStore,
    private readonly sealer: TokenSealer,
    @Inject(AUTHENTIK_OPTIONS) private readonly options: ResolvedAuthentikOptions,
  ) {}

  /**
   * The tokens of a session.
   * @returns `undefined` where none are kept, or none that can be read
   * @throws {AuthentikUnavailableError} the store is away
   */
  async read(sid: string): Promise<SessionTokens | undefined> {
    return this.open(sid, await this.store.get(tokensId(sid)));
  }

  /** @throws {AuthentikUnavailableError} the store is away */
  async write(sid: string, tokens: SessionTokens, signedInAt: number): Promise<void> {
    const endsAt = signedInAt + (this.options.session?.absoluteSeconds ?? 0);
    const until = this.store.isOwn ? endsAt : endsAt + lateSeconds;
    // Foreign stores read the end of an entry from its cookie.
    const cookie = { originalMaxAge: null, expires: new Date(until * 1000), path: '/' };
    await this.store.set(tokensId(sid), { cookie, until, sealed: await this.sealer.seal(sid, tokens) });
  }

  /** Reads them for the last time. */
  async take(sid: string): Promise<SessionTokens | undefined> {
    return this.open(sid, await this.store.take(tokensId(sid)));
  }

  private open(sid: string, kept: object | undefined): Promise<SessionTokens | undefined> {
    const { sealed } = (kept ?? {}) as Kept;
    return this.sealer.open(sid, sealed);
  }
}
