import type { IncomingMessage, ServerResponse } from 'node:http';

import { Inject, Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';

import { AUTHENTIK_OPTIONS } from '../../authentik.constants.js';
import { AuthentikDiscovery } from '../../discovery/authentik-discovery.js';
import { LoginError, LoginRefusedError, UnauthenticatedError } from '../../errors/index.js';
import type { RegisteredStrategy } from '../../http/registered-strategy.js';
import { AuthentikLogger } from '../../observability/authentik-logger.js';
import type { ResolvedAuthentikOptions } from '../../options/index.js';
import type { AuthentikUser } from '../../protocol/user.js';
import { RequestAuthentication } from '../../rules/request-authentication.js';
import { TokenInspector } from '../../tokens/grants/token-inspector.js';
import { AddressLimits } from '../limits/address-limits.js';
import type { SessionRequest } from '../mount/express-session.js';
import { redirect, sendJson, setPageHeaders } from '../pages/answer.js';
import { isLoginFailure } from '../pages/login-answers.js';
import { queryOf } from '../request-query.js';
import { SessionPaths } from '../session-paths.js';
import { type SessionRecord, userOf } from '../store/session-record.js';
import { BrowserCookie } from './browser-cookie.js';
import { LoginFailures } from './login-failures.js';
import type { LoginOutcome } from './login-outcome.js';
import { readLoginRequest } from './login-request.js';
import type { LoginStep } from './oidc.strategy.js';
import { PendingLogins } from './pending-logins.js';
import { toReturnUrl } from './return-to.js';
import { SignInSessions } from './sign-in-sessions.js';

/** Signing in: to Authentik, back, and who am I. */
@Injectable()
export class LoginRoutes implements OnModuleInit, OnModuleDestroy {
  private strategy: RegisteredStrategy | undefined;
  private readonly cookie: BrowserCookie;

  constructor(
    @Inject(AUTHENTIK_OPTIONS) private readonly options: ResolvedAuthentikOptions,
    private readonly paths: SessionPaths,
    private readonly sessions: SignInSessions,
    private readonly failures: LoginFailures,
    private readonly authentication: RequestAuthentication,
    private readonly limits: AddressLimits,
    private readonly logger: AuthentikLogger,
    private readonly discovery: AuthentikDiscovery,
    private readonly inspector: TokenInspector,
    private readonly pending: PendingLogins,
  ) {
    this.cookie = new BrowserCookie(options.publicUrl, options.session?.cookieName ?? 'authentik');
  }

  async onModuleInit(): Promise<void> {
    const { options, discovery, inspector, pending } = this;
    // Loaded by apps that sign people in, and by no other.
    const { registerOidcStrategy } = await import('./oidc.strategy.js');
    this.strategy = registerOidcStrategy({
      options,
      redirectUri: this.paths.redirectUri,
      discovery,
      inspector,
      pending,
    });
  }

  /** Sends a browser to Authentik. */
  async login(request: SessionRequest, response: ServerResponse): Promise<void> {
    setPageHeaders(response);
    try {
      await this.limits.check('logins', request, response);
      const { returnTo, ...wishes } = readLoginRequest(request, this.options.publicUrl, this.paths);
      this.sessions.check(request);
      const browser = this.cookie.ensure(request, response);
      await this.ask(request, response, { begin: { browser, returnTo, ...wishes } });
    } catch (error) {
      this.failures.answer(request, response, error);
    }
  }

  /** Where Authentik sends it back to. */
  async callback(request: SessionRequest, response: ServerResponse): Promise<void> {
    const step: Extract<LoginStep, { finish: object }> = { finish: { browser: this.cookie.read(request) } };
    try {
      await this.limits.check('callbacks', request, response);
      const outcome = await this.ask(request, response, step);
      if (outcome === undefined) return;
      await this.signIn(request, outcome);
      redirect(response, this.destination(step.finish.login?.returnTo));
    } catch (error) {
      this.failures.answer(request, response, error, this.pathOf(step.finish.login?.returnTo));
    }
  }

  /** Who is signed in, for pages and single-page apps. */
  async user(request: SessionRequest, response: ServerResponse): Promise<void> {
    setPageHeaders(response);
    try {
      const { claims: _claims, ...user } = await this.authentication.authenticate(request, response, ['session']);
      sendJson(response, 200, { user });
    } catch (error) {
      if (error instanceof UnauthenticatedError) this.failures.show(request, response, 'login_required');
      else this.failures.answer(request, response, error);
    }
  }

  /** The page of a failure by its word, for apps that send people there. */
  async error(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const word = new URLSearchParams(queryOf(request.url ?? '')).get('error') ?? '';
    this.failures.show(request, response, isLoginFailure(word) ? word : 'login_failed');
  }

  onModuleDestroy(): void {
    this.strategy?.remove();
  }

  private async signIn(request: SessionRequest, outcome: LoginOutcome): Promise<void> {
    const { session } = this.options;
    const signedInAt = Math.floor(Date.now() / 1000);
    const keepsTokens = session?.keepTokens === true;
    // It has done its work.
    const { nonce: _nonce, ...claims } = outcome.claims;
    const accessTokenExpiresAt = signedInAt + outcome.expiresInSeconds;
    const record: SessionRecord = {
      claims,
      scope: outcome.scope,
      signedInAt,
      ...(keepsTokens && { accessTokenExpiresAt }),
    };
    const user = await this.authentication.judge(userOf(record, session?.absoluteSeconds ?? 0));
    await this.askApp(user, request);
    const { idToken, accessToken, refreshToken } = outcome;
    await this.sessions.begin(request, record, {
      idToken,
      ...(keepsTokens && { accessToken, accessTokenExpiresAt, ...(refreshToken !== undefined && { refreshToken }) }),
    });
    this.logger.log(`signed in sub=${user.id} client=${user.clientId}`);
  }

  private async askApp(user: AuthentikUser, request: IncomingMessage): Promise<void> {
    try {
      await this.options.onLogin?.(user, request);
    } catch (cause) {
      throw cause instanceof LoginRefusedError
        ? new LoginError('login_refused', `onLogin refused sub=${user.id}: ${cause.message}`, {
            shown: cause.message,
            cause,
          })
        : new LoginError('login_failed', `onLogin failed for sub=${user.id}: ${String(cause)}`, { cause });
    }
  }

  /** Checked again, for it was out of our hands for a while. */
  private destination(returnTo: string | undefined): string {
    return toReturnUrl(this.pathOf(returnTo), this.options.publicUrl) ?? `${this.options.publicUrl}/`;
  }

  private pathOf(returnTo: string | undefined): string | undefined {
    const { publicUrl } = this.options;
    return returnTo?.startsWith(`${publicUrl}/`) === true ? returnTo.slice(publicUrl.length) : undefined;
  }

  /** Passport's way: by callback, or by an answer that the strategy writes itself. */
  private ask(request: IncomingMessage, response: ServerResponse, step: LoginStep): Promise<LoginOutcome | undefined> {
    return new Promise((resolve, reject) => {
      if (this.strategy === undefined) throw new Error('A browser came to sign in before the app was started.');
      // After the redirect, or when the browser went away.
      response.once('close', () => resolve(undefined));
      const middleware = this.strategy.middleware(step, (error, outcome, info) => {
        if (error !== null && error !== undefined) reject(error);
        else if (outcome) resolve(outcome as LoginOutcome);
        else reject(new LoginError('invalid_response', `The strategy refused the answer: ${messageOf(info)}`));
      });
      middleware(request, response, reject);
    });
  }
}

function messageOf(info: unknown): string {
  const { message } = (info ?? {}) as { message?: unknown };
  return typeof message === 'string' ? message : 'no reason given';
}
