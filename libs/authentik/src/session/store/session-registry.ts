import { Inject, Injectable } from '@nestjs/common';

import { AUTHENTIK_OPTIONS, AUTHENTIK_STORE } from '../../authentik.constants.js';
import { AuthentikLogger } from '../../observability/authentik-logger.js';
import type { ResolvedAuthentikOptions, SessionEnd } from '../../options/index.js';
import type { AuthentikUser } from '../../protocol/user.js';
import type { KeyValueStore } from '../../stores/key-value-store.js';
import type { EndedSession } from './ended-session.js';
import { endedKey, type IssuedSession, type IssuedSubject, sessionIndexKey, subjectIndexKey } from './session-keys.js';
import { recordOf, type SessionRecord, userOf } from './session-record.js';
import { SessionStore } from './session-store.js';
import { TokenVault } from '../tokens/token-vault.js';

/** So many sessions are ended at a time. */
const batchSize = 50;

/**
 * Which browser sessions there are, by the Authentik session and by the person they are of; and how they end. Each
 * session stands in an index from its sign-in on, so that ending all of a person is one look-up.
 */
@Injectable()
export class SessionRegistry {
  constructor(
    @Inject(AUTHENTIK_OPTIONS) private readonly options: ResolvedAuthentikOptions,
    @Inject(AUTHENTIK_STORE) private readonly values: KeyValueStore,
    private readonly store: SessionStore,
    private readonly vault: TokenVault,
    private readonly logger: AuthentikLogger,
  ) {}

  /**
   * Notes a session that begins.
   * @param sid id of the express-session
   * @throws {AuthentikUnavailableError} the store is away
   */
  async add(sid: string, record: SessionRecord): Promise<void> {
    const until = record.signedInAt + this.absoluteSeconds;
    await Promise.all(indexesOf(record).map((index) => this.values.addToIndex(index, sid, until)));
  }

  /** Whether the store has the session still. */
  async isKept(sid: string): Promise<boolean> {
    return recordOf(await this.store.get(sid)) !== undefined;
  }

  /** Whether a session was ended that a store of somebody else may have brought back. Costs our own store nothing. */
  async hasEnded(sid: string): Promise<boolean> {
    return !this.store.isOwn && (await this.values.get(endedKey(sid))) !== undefined;
  }

  /**
   * Ends one session, and calls `onLogout`.
   * @param sid id of the express-session
   * @returns what was ended; `undefined` where nobody was signed in
   * @throws {AuthentikUnavailableError} the store is away
   */
  async end(sid: string, reason: SessionEnd): Promise<EndedSession | undefined> {
    const record = recordOf(await this.store.take(sid));
    if (record === undefined) return undefined;
    const remainingSeconds = record.signedInAt + this.absoluteSeconds - Date.now() / 1000;
    const [tokens] = await Promise.all([
      this.vault.take(sid),
      ...(this.store.isOwn ? [] : [this.values.set(endedKey(sid), reason, remainingSeconds)]),
      ...indexesOf(record).map((index) => this.values.removeFromIndex(index, sid)),
    ]);
    const user = userOf(record, this.absoluteSeconds);
    await this.tell(user, reason);
    return { sid, user, tokens: tokens ?? {} };
  }

  /**
   * Ends the sessions that came of one Authentik session.
   * @throws {AuthentikUnavailableError} the store is away
   */
  endBySessionId(session: IssuedSession, reason: SessionEnd = 'backchannel_logout'): Promise<EndedSession[]> {
    return this.endAll(sessionIndexKey(session), reason);
  }

  /**
   * Ends all sessions of a person.
   * @throws {AuthentikUnavailableError} the store is away
   */
  endBySubject(subject: IssuedSubject, reason: SessionEnd = 'backchannel_logout'): Promise<EndedSession[]> {
    return this.endAll(subjectIndexKey(subject), reason);
  }

  private async endAll(index: string, reason: SessionEnd): Promise<EndedSession[]> {
    const members = [...(await this.values.readIndex(index))];
    const ended: EndedSession[] = [];
    for (let from = 0; from < members.length; from += batchSize) {
      const batch = members.slice(from, from + batchSize);
      const outcomes = await Promise.all(batch.map(([sid]) => this.end(sid, reason)));
      ended.push(...outcomes.filter((outcome) => outcome !== undefined));
      // Those that ran out of time stand there still. So do those that begin just now, and they are to stay.
      const gone = batch.filter(([, until], at) => outcomes[at] === undefined && this.mayBeIdle(until));
      await Promise.all(gone.map(([sid]) => this.values.removeFromIndex(index, sid)));
    }
    return ended;
  }

  /** Whether a session is old enough to have run out of time. @param until its last possible moment, as in the index */
  private mayBeIdle(until: number): boolean {
    const signedInAt = until - this.absoluteSeconds;
    return Date.now() / 1000 - signedInAt >= (this.options.session?.idleSeconds ?? 0);
  }

  private get absoluteSeconds(): number {
    return this.options.session?.absoluteSeconds ?? 0;
  }

  private async tell(user: AuthentikUser, reason: SessionEnd): Promise<void> {
    try {
      await this.options.onLogout?.(user, reason);
    } catch (error) {
      this.logger.warn(`onLogout failed for sub=${user.id} (${reason}): ${String(error)}`);
    }
  }
}

function indexesOf({ claims: { iss: issuer, sub: subject, sid: sessionId } }: SessionRecord): string[] {
  return [
    subjectIndexKey({ issuer, subject }),
    ...(sessionId === undefined ? [] : [sessionIndexKey({ issuer, sessionId })]),
  ];
}
