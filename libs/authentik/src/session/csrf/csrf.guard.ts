import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';

import { AUTHENTIK_OPTIONS, GUARD_REFUSALS } from '../../authentik.constants.js';
import { CrossSiteRequestError } from '../../errors/index.js';
import type { ResolvedAuthentikOptions } from '../../options/index.js';
import { checkSameOrigin } from '../../rules/cross-site.js';
import { GuardRefusals } from '../../rules/guard-refusals.js';
import { guardedRequest } from '../../rules/guarded-request.js';

/**
 * Keeps out requests that another site made a browser send: every method but GET, HEAD and OPTIONS needs
 * `Sec-Fetch-Site: same-origin` or, where there is none, an `Origin` equal to `publicUrl`.
 *
 * Handlers that ask for a user need it not: there the same is asked of every request with a session cookie. It is for
 * handlers that read a cookie of the app itself, or none, such as a sign-up form. A request with an access
 * token is not concerned: no site can make a browser send one. An MCP message is not either, for no cookie opens an MCP
 * endpoint.
 * @throws {ForbiddenException} 403
 */
@Injectable()
export class CsrfGuard implements CanActivate {
  constructor(
    @Inject(AUTHENTIK_OPTIONS) private readonly options: ResolvedAuthentikOptions,
    @Inject(GUARD_REFUSALS) private readonly refusals: GuardRefusals,
  ) {}

  canActivate(context: ExecutionContext): boolean {
    const guarded = guardedRequest(context);
    if (guarded.transport === 'mcp') return true;
    const { headers } = guarded.request as { headers: { authorization?: string } };
    // Not any Authorization: a browser repeats Basic by itself.
    if (/^bearer /iu.test(headers.authorization ?? '')) return true;
    try {
      checkSameOrigin(guarded.request, this.options.publicUrl);
      return true;
    } catch (error) {
      throw error instanceof CrossSiteRequestError ? this.refusals.toException(guarded, error) : error;
    }
  }
}
