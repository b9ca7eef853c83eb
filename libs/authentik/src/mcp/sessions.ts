import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';

import type { AuthentikUser } from '../protocol/user.js';
import { callLater } from './call-later.js';

/** Server-side sessions of protocol 2025-11-25. */
export interface McpSessionOptions {
  /**
   * Most sessions at a time. When one more is opened, whoever has the most loses the one that was idle for longest; its
   * client is told 404 and begins a new one. Default 1000.
   */
  max?: number;
  /** A session without a request or an open stream ends after this long, in seconds. Default 1800. */
  idleSeconds?: number;
}

interface Session {
  /** Whose it is: `sub` counts within its issuer only. */
  readonly owner: string;
  /** Answers that are under way, open streams among them. */
  open: number;
  lastUsedMs: number;
  /** Keeps it from being ended for idleness. */
  keep: () => void;
}

const ownerOf = ({ issuer, id }: Pick<AuthentikUser, 'issuer' | 'id'>) => JSON.stringify([issuer, id]);

/**
 * Which sessions there are and whose they are. A session is no proof of who is asking: every request brings its token,
 * and the session has to be of the same person.
 * @see MCP, "Session Hijacking"
 */
export class Sessions {
  private readonly sessions = new Map<string, Session>();
  private readonly max: number;
  private readonly idleMs: number;

  /** @throws {Error} an option with which no session could be kept */
  constructor(
    { max = 1000, idleSeconds = 1800 }: McpSessionOptions,
    /** Ends what the transport keeps of a session. */
    private readonly end: (id: string) => void,
  ) {
    if (!Number.isInteger(max) || max < 1) {
      throw new Error(`connectMcp: sessions.max: ${max} is no number of sessions. Leave "sessions" out to keep none.`);
    }
    if (!Number.isFinite(idleSeconds) || idleSeconds <= 0) {
      throw new Error(`connectMcp: sessions.idleSeconds: ${idleSeconds} is no time. Write seconds, more than 0.`);
    }
    this.max = max;
    this.idleMs = idleSeconds * 1000;
  }

  /** @returns the id of a new session */
  begin(user: Pick<AuthentikUser, 'issuer' | 'id'>): string {
    while (this.sessions.size >= this.max) this.finish(this.leastMissed());
    const id = randomUUID();
    this.sessions.set(id, { owner: ownerOf(user), open: 0, lastUsedMs: performance.now(), keep: () => {} });
    this.waitForIdle(id);
    return id;
  }

  /** Whether a request with this id may go on; an id that is unknown and one of somebody else are the same. */
  admits(id: string, user: AuthentikUser | undefined, response: ServerResponse): boolean {
    const session = this.sessions.get(id);
    if (session === undefined || user === undefined || session.owner !== ownerOf(user)) return false;
    session.keep();
    session.open += 1;
    session.lastUsedMs = performance.now();
    response.once('close', () => {
      session.open -= 1;
      session.lastUsedMs = performance.now();
      if (session.open === 0) this.waitForIdle(id);
    });
    return true;
  }

  /** Ends a session; unknown ids are fine. */
  finish(id: string): void {
    const session = this.sessions.get(id);
    if (session === undefined) return;
    session.keep();
    this.sessions.delete(id);
    this.end(id);
  }

  /** Ends all of them. */
  close(): void {
    for (const id of this.sessions.keys()) this.finish(id);
  }

  private waitForIdle(id: string): void {
    const session = this.sessions.get(id);
    if (session === undefined) return;
    session.keep();
    session.keep = callLater(
      () => session.lastUsedMs + this.idleMs - performance.now(),
      () => this.finish(id),
    );
  }

  private leastMissed(): string {
    const counts = new Map<string, number>();
    for (const { owner } of this.sessions.values()) counts.set(owner, (counts.get(owner) ?? 0) + 1);
    const most = [...counts.values()].reduce((left, right) => Math.max(left, right), 0);
    let found = '';
    let lastUsedMs = Infinity;
    for (const [id, session] of this.sessions) {
      if (counts.get(session.owner) === most && session.lastUsedMs < lastUsedMs) {
        found = id;
        ({ lastUsedMs } = session);
      }
    }
    return found;
  }
}
