import type { ServerResponse } from 'node:http';

import { Injectable } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';

import { LoginRoutes } from '../login/login.routes.js';
import { AddressLimits } from '../limits/address-limits.js';
import { LogoutRoutes } from '../logout/logout.routes.js';
import { SessionPaths } from '../session-paths.js';
import type { SessionRequest } from './express-session.js';
import { SessionMiddleware } from './session-middleware.js';

type Handler = (request: SessionRequest, response: ServerResponse) => Promise<void>;

/**
 * Mounts what browsers need at the HTTP adapter: neither a global prefix nor versioning nor a guard of the app moves or
 * hides it, so that the redirect URI is what Authentik was told.
 */
@Injectable()
export class SessionRoutes {
  constructor(
    private readonly adapterHost: HttpAdapterHost,
    private readonly middleware: SessionMiddleware,
    private readonly paths: SessionPaths,
    private readonly login: LoginRoutes,
    private readonly logout: LogoutRoutes,
    private readonly limits: AddressLimits,
  ) {}

  /** Called while the app initialises, before its own routes are registered. */
  async mount(): Promise<void> {
    await this.middleware.mount();
    const { httpAdapter } = this.adapterHost;
    const get = (path: string, handler: Handler) => httpAdapter.get(path, handler);
    get(this.paths.login, (request, response) => this.login.login(request, response));
    get(this.paths.callback, (request, response) => this.login.callback(request, response));
    get(this.paths.user, (request, response) => this.login.user(request, response));
    get(this.paths.error, (request, response) => this.login.error(request, response));
    this.logout.mount();
  }

  /** Called when the app starts, for what is missing to stop it. */
  async start(): Promise<void> {
    await this.limits.start();
  }
}
