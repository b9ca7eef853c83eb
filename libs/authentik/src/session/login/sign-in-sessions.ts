import { Inject, Injectable } from '@nestjs/common';

import { AUTHENTIK_OPTIONS } from '../../authentik.constants.js';
import { LoginError } from '../../errors/index.js';
import type { ResolvedAuthentikOptions } from '../../options/index.js';
import { AuthentikLogger } from '../../observability/authentik-logger.js';
import { regenerate, save, type SessionRequest } from '../mount/express-session.js';
import { SessionMiddleware } from '../mount/session-middleware.js';
import { SessionRegistry } from '../store/session-registry.js';
import { recordKey, recordOf, type SessionRecord } from '../store/session-record.js';
import { SessionStore, storeUnavailable } from '../store/session-store.js';
import { KeptTokens } from '../tokens/kept-tokens.js';
import type { SessionTokens } from '../tokens/sealed-tokens.js';
import { TokenVault } from '../tokens/token-vault.js';

const twoLines =
  "app.use(session({ secret, resave: false, saveUninitialized: false, store })); // from 'express-session'\n" +
  "app.set('trust proxy', 1); // behind a proxy, for cookies that are https only";

/** Begins sessions for people who have signed in. */
@Injectable()
export class SignInSessions {
  private hasSaved = false;

  constructor(
    @Inject(AUTHENTIK_OPTIONS) private readonly options: ResolvedAuthentikOptions,
    private readonly middleware: SessionMiddleware,
    private readonly store: SessionStore,
    private readonly registry: SessionRegistry,
    private readonly vault: TokenVault,
    private readonly kept: KeptTokens,
    private readonly logger: AuthentikLogger,
  ) {}

  /**
   * Looks whether a session could begin, before the person is sent away to sign in.
   * @throws {LoginError} it could not; the log says what to do
   */
  check(request: SessionRequest): void {
    const unavailable = this.middleware.failureOf(request);
    if (unavailable !== undefined) throw unavailable;
    if (request.session === undefined || request.session === null) {
      throw this.misconfigured(
        'The app runs no express-session before the routes of this library, and session.mount is false. Add to main.ts, ' +
          `before app.init() and app.listen():\n${twoLines}`,
      );
    }
    if (request.session.cookie?.secure === true && request.secure !== true) {
      throw this.misconfigured(
        request.headers['x-forwarded-proto'] === undefined
          ? 'publicUrl is https and the request came by plain http, so no browser would get the cookie. Open the app at its ' +
              'publicUrl; and let the proxy before it send X-Forwarded-Proto.'
          : 'The proxy says X-Forwarded-Proto, and Express does not trust it, so no browser would get the cookie. Add ' +
              "app.set('trust proxy', 1) for one proxy in front of the app.",
      );
    }
  }

  /**
   * Begins one, with a new id, and ends the one that the browser had.
   * @throws {LoginError} it cannot be kept; the log says what to do
   * @throws {AuthentikUnavailableError} the store is away
   */
  async begin(request: SessionRequest, record: SessionRecord, tokens: SessionTokens): Promise<void> {
    this.check(request);
    const { session, sessionID: previous } = request;
    if (session === undefined || session === null) return;
    this.store.adopt(request);
    try {
      if (previous !== undefined && recordOf(session) !== undefined) await this.replace(previous);
      await regenerate(session);
      const { sessionID: sid, session: fresh } = request as Required<SessionRequest>;
      if (fresh === null) throw new TypeError('express-session gave no new session.');
      fresh[recordKey] = record;
      // The index first: what does not stand there, Authentik could not end.
      await this.registry.add(sid, record);
      await this.vault.write(sid, tokens, record.signedInAt);
      await save(fresh);
      await this.checkThatItIsKept(sid);
    } catch (error) {
      throw error instanceof LoginError ? error : storeUnavailable(error);
    }
  }

  private async replace(sid: string): Promise<void> {
    const ended = await this.registry.end(sid, 'replaced');
    // Not waited for: nobody's sign-in takes longer for what was before it.
    void this.kept.revoke(ended?.tokens ?? {});
  }

  /** Once, and where the store is the app's. */
  private async checkThatItIsKept(sid: string): Promise<void> {
    if (this.hasSaved || this.options.session?.mount !== false) return;
    if (recordOf(await this.store.get(sid)) === undefined) {
      throw this.misconfigured(`The app's express-session does not keep what is saved. Compare with:\n${twoLines}`);
    }
    this.hasSaved = true;
  }

  private misconfigured(message: string): LoginError {
    this.logger.error(message);
    return new LoginError('sessions_unavailable', 'No session can begin; the line before says why.');
  }
}
