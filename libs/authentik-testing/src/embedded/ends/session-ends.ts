import type { EmbeddedClock } from '../clock.js';
import type { Directory } from '../directory/directory.js';
import type { Provider, User } from '../directory/entries.js';
import type { Issued } from '../issued/issued.js';
import { sidOf, type BrowserSession, type StoredToken } from '../issued/records.js';
import type { Habits } from '../versions.js';
import type { BackchannelQueue } from './backchannel.js';
import { logoutToken } from './logout-token.js';

/** Everything that ends a session, and what it does to tokens and clients. */
export class SessionEnds {
  constructor(
    private readonly issued: Issued,
    private readonly directory: Directory,
    private readonly habits: Habits,
    private readonly clock: EmbeddedClock,
    private readonly queue: BackchannelQueue,
  ) {}

  /** A person signs out in one browser. Its access tokens die, refresh tokens live on, clients are told. */
  signOut(session: BrowserSession): void {
    this.#tell(session);
    this.issued.deleteSession(session);
    this.#deleteAccessTokens((token) => token.grant.session === session);
  }

  /** An administrator deletes a session: as a sign-out, but for the oldest versions, where the access tokens live on. */
  deleteSession(session: BrowserSession): void {
    this.#tell(session);
    this.issued.deleteSession(session);
    if (this.habits.deletedSessionEndsTokens) this.#deleteAccessTokens((token) => token.grant.session === session);
  }

  /** The access tokens of one client in one session; the session goes on, and so do refresh tokens. */
  endVisit(session: BrowserSession, provider: Provider): void {
    this.#deleteAccessTokens((token) => token.grant.session === session && token.grant.provider === provider);
  }

  /** Deactivated people lose their sessions and all tokens that came of one, refresh tokens too; nothing of it comes back. */
  setActive(user: User, isActive: boolean): void {
    user.isActive = isActive;
    if (isActive) return;
    for (const session of this.sessionsOf(user)) {
      if (this.habits.logoutAtDeactivation) this.#tell(session);
      this.issued.deleteSession(session);
    }
    this.issued.tokens.deleteWhere(({ grant }) => grant.user === user && grant.session !== undefined);
  }

  /** Everything that the person had goes along. No client is told. */
  deleteUser(user: User): void {
    for (const session of this.sessionsOf(user)) this.issued.deleteSession(session);
    this.issued.tokens.deleteWhere(({ grant }) => grant.user === user);
    this.issued.codes.deleteWhere(({ grant }) => grant.user === user);
    user.isActive = false;
    this.directory.users.delete(user.username);
  }

  /** @returns sessions of one person, or of everybody who is signed in */
  sessionsOf(user?: User): BrowserSession[] {
    return [...this.issued.sessions()].filter(
      (session) => session.user !== undefined && (user === undefined || session.user === user),
    );
  }

  #deleteAccessTokens(condition: (token: StoredToken) => boolean): void {
    this.issued.tokens.deleteWhere((token) => token.kind === 'access' && condition(token));
  }

  /** Told is each client that holds a live access token of this session, once. */
  #tell(session: BrowserSession): void {
    if (!this.habits.backchannelLogout) return;
    const told = new Set<Provider>();
    for (const { kind, grant, claims } of this.issued.tokens.values()) {
      const { provider } = grant;
      const { logoutUri } = provider;
      if (kind !== 'access' || grant.session !== session || told.has(provider)) continue;
      if (logoutUri === undefined || provider.logoutMethod !== 'backchannel') continue;
      told.add(provider);
      const subject = String(claims['sub']);
      const sid = this.habits.sid ? sidOf(session) : undefined;
      const issuer = typeof claims['iss'] === 'string' ? claims['iss'] : undefined;
      const nowSeconds = this.clock.nowSeconds();
      this.queue.add({ clientId: provider.clientId, logoutUri, subject, sid }, () =>
        logoutToken({ provider, issuer, subject, sid }, this.habits, nowSeconds),
      );
    }
  }
}
