import { randomUUID } from 'node:crypto';

import { Inject, Injectable } from '@nestjs/common';
import type { Session } from 'express-session';
import { decodeProtectedHeader } from 'jose/decode/protected_header';

import { AUTHENTIK_EXTRAS, AUTHENTIK_OPTIONS, AUTHENTIK_STORE } from '../../authentik.constants.js';
import { AuthentikError, AuthentikUnavailableError } from '../../errors/index.js';
import { AuthentikLogger } from '../../observability/authentik-logger.js';
import type { ResolvedAuthentikOptions } from '../../options/index.js';
import type { AuthentikModuleExtras } from '../../options/module-extras.js';
import type { KeyValueStore } from '../../stores/key-value-store.js';
import { AuthentikTokenService } from '../../tokens/authentik-token.service.js';
import { SigningKeys } from '../../tokens/verify/signing-keys.js';
import { destroy, regenerate, type SessionRequest } from '../mount/express-session.js';
import { SessionMiddleware } from '../mount/session-middleware.js';
import { SessionRegistry } from '../store/session-registry.js';
import { KeptTokens } from '../tokens/kept-tokens.js';
import { type SessionTokens, TokenSealer } from '../tokens/sealed-tokens.js';

/** How long a browser may take from its sign-out here to that at Authentik. */
const ticketSeconds = 120;

/** Longer addresses are refused by common proxies, which read a request line of 8 KiB. */
const longestUrlCharacters = 7_000;

/** Ends a session here, and says where it ends at Authentik. */
@Injectable()
export class Logout {
  constructor(
    @Inject(AUTHENTIK_OPTIONS) private readonly options: ResolvedAuthentikOptions,
    @Inject(AUTHENTIK_EXTRAS) private readonly extras: Required<AuthentikModuleExtras>,
    @Inject(AUTHENTIK_STORE) private readonly values: KeyValueStore,
    private readonly middleware: SessionMiddleware,
    private readonly registry: SessionRegistry,
    private readonly sealer: TokenSealer,
    private readonly tokens: AuthentikTokenService,
    private readonly keys: SigningKeys,
    private readonly kept: KeptTokens,
    private readonly logger: AuthentikLogger,
  ) {}

  /**
   * Ends the session of a request, whoever it is of, and revokes what it kept.
   * @returns what it kept; `undefined` where nobody was signed in
   * @throws {AuthentikUnavailableError} the store is away: the session is as it was
   */
  async end(request: SessionRequest): Promise<SessionTokens | undefined> {
    const away = this.middleware.failureOf(request);
    if (away !== undefined) throw away;
    const { session, sessionID: sid } = request;
    const ended = sid === undefined ? undefined : await this.registry.end(sid, 'logout');
    // The app may have thrown it away, which with express-session is `request.session = null`.
    if (session !== undefined && session !== null) await this.leave(session);
    if (ended === undefined) return undefined;
    await this.kept.revoke(ended.tokens);
    return ended.tokens;
  }

  /** The cookie for the browser to forget; `undefined` with `mount: false`, where it is the app's. */
  get cookie(): { name: string; isSecure: boolean } | undefined {
    const { session, publicUrl } = this.options;
    if (session === undefined || !session.mount) return undefined;
    return { name: session.cookieName, isSecure: publicUrl.startsWith('https:') };
  }

  /**
   * Where the browser ends its session at Authentik.
   * @returns `undefined` while Authentik is down
   */
  async endSessionUrl(idToken: string | undefined): Promise<URL | undefined> {
    try {
      // Without a hint Authentik takes no address to come back to.
      if (idToken !== undefined && this.isGoodHint(idToken)) {
        const postLogoutRedirectUri = `${this.options.publicUrl}/${this.extras.routes.prefix ?? 'auth'}/signed-out`;
        const url = await this.tokens.endSessionUrl({ idTokenHint: idToken, postLogoutRedirectUri });
        if (url.href.length <= longestUrlCharacters) return url;
      }
      return await this.tokens.endSessionUrl();
    } catch (error) {
      if (!(error instanceof AuthentikError)) throw error;
      this.logger.warn(`Somebody signed out here and not at Authentik: ${error.message}`);
      return undefined;
    }
  }

  /**
   * Authentik answers a hint that it cannot verify with an error page, on which people would be left: an encrypted one,
   * and one of a key that it has changed since.
   */
  private isGoodHint(idToken: string): boolean {
    if (idToken.split('.', 4).length !== 3) return false;
    const { kid } = decodeProtectedHeader(idToken);
    const keys = this.keys.of(this.options.applications[0]);
    return kid === undefined || !keys.isKnown || keys.named(kid).isPublished(Date.now());
  }

  /**
   * Keeps an ID token for the page that comes next, sealed.
   * @returns by what that page finds it; `undefined` while the store is away, for the sign-out itself is done by then
   */
  async keepTicket(idToken: string | undefined): Promise<string | undefined> {
    const ticket = randomUUID();
    const sealed = await this.sealer.seal(ticket, idToken === undefined ? {} : { idToken });
    return this.unlessAway(this.values.set(ticketKey(ticket), sealed, ticketSeconds).then(() => ticket));
  }

  /** Finds it, once. @returns `undefined` for a ticket that is none, or was used */
  async takeTicket(ticket: string): Promise<SessionTokens | undefined> {
    if (!/^[\da-f-]{36}$/u.test(ticket)) return undefined;
    const sealed = await this.unlessAway(this.values.take(ticketKey(ticket)));
    return sealed === undefined ? undefined : this.sealer.open(ticket, sealed);
  }

  private async unlessAway<T>(answer: Promise<T>): Promise<T | undefined> {
    try {
      return await answer;
    } catch (error) {
      if (!(error instanceof AuthentikUnavailableError)) throw error;
      this.logger.warn(`Somebody signed out here and is not sent on to Authentik: ${error.message}`);
      return undefined;
    }
  }

  /** A session of the app's own goes on under a new id; ours has nothing in it any more. */
  private leave(session: Session): Promise<void> {
    return this.options.session?.mount === false ? regenerate(session) : destroy(session);
  }
}

const ticketKey = (ticket: string) => `signed-out:${ticket}`;
