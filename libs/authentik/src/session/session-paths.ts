import { Inject, Injectable } from '@nestjs/common';

import { AUTHENTIK_EXTRAS, AUTHENTIK_OPTIONS } from '../authentik.constants.js';
import type { ResolvedAuthentikOptions } from '../options/index.js';
import type { AuthentikModuleExtras } from '../options/module-extras.js';

/** Where the routes of browsers are. They stand at the origin, whatever the global prefix of the app. */
@Injectable()
export class SessionPaths {
  readonly login: string;
  readonly callback: string;
  readonly user: string;
  readonly error: string;
  readonly logout: string;
  readonly backchannelLogout: string;
  /** Where Authentik sends browsers back to: an entry of the provider's redirect URIs. */
  readonly redirectUri: string;

  constructor(
    @Inject(AUTHENTIK_OPTIONS) { publicUrl }: ResolvedAuthentikOptions,
    @Inject(AUTHENTIK_EXTRAS) { routes }: Required<AuthentikModuleExtras>,
  ) {
    const prefix = `/${routes.prefix ?? 'auth'}`;
    this.login = `${prefix}/login`;
    this.callback = `${prefix}/callback`;
    this.user = `${prefix}/user`;
    this.error = `${prefix}/error`;
    this.logout = `${prefix}/logout`;
    this.backchannelLogout = `${prefix}/backchannel-logout`;
    this.redirectUri = `${publicUrl}${this.callback}`;
  }
}
