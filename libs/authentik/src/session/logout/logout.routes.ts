import { Inject, Injectable } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { Request, Response } from 'express';

import { AUTHENTIK_EXTRAS, AUTHENTIK_OPTIONS } from '../../authentik.constants.js';
import { AuthentikError, LogoutTokenError, MalformedCredentialError } from '../../errors/index.js';
import { AuthentikLogger } from '../../observability/authentik-logger.js';
import type { ResolvedAuthentikOptions } from '../../options/index.js';
import type { AuthentikModuleExtras } from '../../options/module-extras.js';
import type { WireAnswer } from '../../protocol/to-wire.js';
import { checkSameOrigin } from '../../rules/cross-site.js';
import { Refusals } from '../../rules/refusals.js';
import { AddressLimits } from '../limits/address-limits.js';
import { pageHeaders, wantsPage } from '../pages/session-page.js';
import { queryOf } from '../request-query.js';
import { BackchannelLogout } from './backchannel-logout.js';
import { SessionStore } from '../store/session-store.js';
import { Logout } from './logout.js';
import { confirmLogoutPage, logoutFailedPage, signedOutPage } from './logout-pages.js';

type Work = (request: Request, response: Response) => Promise<void> | void;
type Refuse = (request: Request, response: Response, answer: WireAnswer) => void;

const noStore = { 'Cache-Control': 'no-store' };

/**
 * The routes that end sessions. They are mounted at the HTTP adapter, behind the session of the request: no prefix,
 * guard or pipe of the app moves, closes or changes them.
 */
@Injectable()
export class LogoutRoutes {
  private readonly prefix: string;
  private readonly places: { loginPath: string; logoutPath: string };

  constructor(
    private readonly adapterHost: HttpAdapterHost,
    @Inject(AUTHENTIK_OPTIONS) private readonly options: ResolvedAuthentikOptions,
    @Inject(AUTHENTIK_EXTRAS) { routes }: Required<AuthentikModuleExtras>,
    private readonly backchannel: BackchannelLogout,
    private readonly logout: Logout,
    private readonly limits: AddressLimits,
    private readonly store: SessionStore,
    private readonly refusals: Refusals,
    private readonly logger: AuthentikLogger,
  ) {
    this.prefix = `/${routes.prefix ?? 'auth'}`;
    this.places = { loginPath: `${this.prefix}/login`, logoutPath: `${this.prefix}/logout` };
  }

  /** Called while the app initialises, after the session is there and before the app's own routes. */
  mount(): void {
    const { httpAdapter } = this.adapterHost;
    const route = (work: Work, refuse: Refuse = this.refuseProgram) => this.handle(work, refuse);
    httpAdapter.post(`${this.prefix}/backchannel-logout`, route(this.receiveLogoutToken));
    httpAdapter.post(`${this.prefix}/logout`, route(this.signOut, this.refuseAnybody));
    httpAdapter.get(`${this.prefix}/logout`, route(this.askBack));
    httpAdapter.get(`${this.prefix}/signed-out`, route(this.showSignedOut));
  }

  private readonly receiveLogoutToken: Work = async (request, response) => {
    try {
      await this.backchannel.receive(request);
    } catch (error) {
      // Refused ones alone are counted: else whoever shares an address with Authentik, such as that of a proxy, could use
      // up what its own tokens need.
      if (error instanceof LogoutTokenError) await this.limits.check('logoutTokens', request, response);
      throw error;
    }
    this.send(response, 200, noStore);
  };

  private readonly signOut: Work = async (request, response) => {
    checkSameOrigin(request, this.options.publicUrl);
    // With a token a request has no session here, so nothing would end.
    if (request.headers.authorization !== undefined) {
      throw new MalformedCredentialError('Sign out without an Authorization header: it is the session that ends.');
    }
    const ended = await this.logout.end(request);
    const { cookie } = this.logout;
    if (cookie !== undefined) {
      const { name, isSecure: secure } = cookie;
      response.clearCookie(name, { path: '/', httpOnly: true, sameSite: 'lax', secure });
    }
    if (!wantsPage(request)) {
      const url = ended === undefined ? undefined : await this.logout.endSessionUrl(ended.idToken);
      this.send(response, 200, noStore, { signedOut: true, endSessionUrl: url?.href ?? null });
      return;
    }
    const ticket = ended === undefined ? undefined : await this.logout.keepTicket(ended.idToken);
    const query = ticket === undefined ? '' : `?continue=${ticket}`;
    // To a page of ours, and only from there to Authentik: Chromium applies `form-action 'self'`, which helmet sets, to
    // where a posted form is redirected; and Authentik may leave people on an empty page, from which they come back.
    this.send(response, 303, { ...noStore, Location: `${this.prefix}/signed-out${query}` });
  };

  private readonly askBack: Work = (request, response) => {
    const allow = { Allow: 'POST' };
    if (wantsPage(request)) this.send(response, 405, { ...pageHeaders, ...allow }, confirmLogoutPage(this.places));
    else
      this.send(
        response,
        405,
        { ...noStore, ...allow },
        {
          error: 'invalid_request',
          error_description: 'Signing out is a POST',
        },
      );
  };

  private readonly showSignedOut: Work = async (request, response) => {
    const query = new URLSearchParams(queryOf(request.url));
    const ticket = await this.logout.takeTicket(query.get('continue') ?? '');
    const url = ticket === undefined ? undefined : await this.logout.endSessionUrl(ticket.idToken);
    const isAuthentikAway = ticket !== undefined && url === undefined;
    this.send(response, 200, pageHeaders, signedOutPage(this.places, url?.href, isAuthentikAway));
  };

  private readonly refuseProgram: Refuse = (_request, response, { status, headers, error, description }) => {
    this.send(response, status, headers, { error, error_description: description });
  };

  private readonly refuseAnybody: Refuse = (request, response, answer) => {
    if (!wantsPage(request)) this.refuseProgram(request, response, answer);
    else {
      const { status, headers, description } = answer;
      this.send(response, status, { ...headers, ...pageHeaders }, logoutFailedPage(this.places, description));
    }
  };

  private handle(work: Work, refuse: Refuse) {
    return async (request: Request, response: Response): Promise<void> => {
      // With `mount: false` a process that has just begun has not seen the app's store yet.
      this.store.adopt(request);
      try {
        await work(request, response);
      } catch (error) {
        if (!(error instanceof AuthentikError)) {
          this.logger.error(`${request.method} ${this.prefix}/… failed: ${String(error)}`);
          this.send(response, 500, noStore, { error: 'server_error', error_description: 'Internal server error' });
          return;
        }
        refuse(request, response, this.refusals.answer(error, request));
      }
    };
  }

  private send(
    response: Response,
    status: number,
    headers: Readonly<Record<string, string>>,
    body: object | string = '',
  ): void {
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    if (typeof body === 'string') response.writeHead(status).end(body);
    else this.adapterHost.httpAdapter.reply(response, body, status);
  }
}
