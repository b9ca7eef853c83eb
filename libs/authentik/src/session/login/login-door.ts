import type { IncomingMessage } from 'node:http';

import { Inject, Injectable } from '@nestjs/common';

import { AUTHENTIK_OPTIONS } from '../../authentik.constants.js';
import type { ResolvedAuthentikOptions } from '../../options/index.js';
import { isNavigation, type LoginDoor } from '../../rules/login-door.js';
import { SessionPaths } from '../session-paths.js';
import { toReturnUrl } from './return-to.js';

/** Sends browsers to the login route, and from there back to the page that they wanted. */
@Injectable()
export class LoginRedirects implements LoginDoor {
  constructor(
    @Inject(AUTHENTIK_OPTIONS) private readonly options: ResolvedAuthentikOptions,
    private readonly paths: SessionPaths,
  ) {}

  locationFor(request: object): string | undefined {
    const message = request as IncomingMessage & { originalUrl?: string };
    if (!isNavigation(message)) return undefined;
    const { publicUrl } = this.options;
    const wanted = message.originalUrl ?? message.url;
    const login = `${publicUrl}${this.paths.login}`;
    // An address too long to be kept is not kept; the person still gets in.
    return toReturnUrl(wanted, publicUrl) === undefined || wanted === undefined
      ? login
      : `${login}?returnTo=${encodeURIComponent(wanted)}`;
  }
}
