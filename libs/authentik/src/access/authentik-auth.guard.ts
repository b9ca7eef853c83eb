import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';

import { GUARD_AUTHENTICATION, GUARD_REFUSALS } from '../authentik.constants.js';
import { AuthentikError, UnauthenticatedError } from '../errors/index.js';
import { type AccessRule, decideCredential } from '../protocol/access-decision.js';
import type { AuthentikUser } from '../protocol/user.js';
import { readAccessRule } from '../rules/access-rule.metadata.js';
import { GuardRefusals } from '../rules/guard-refusals.js';
import { type GuardedRequest, guardedRequest } from '../rules/guarded-request.js';
import { isLater } from '../rules/later.js';
import { authenticatedUser, RequestAuthentication } from '../rules/request-authentication.js';

/**
 * Finds out who is asking. Lets nobody past without a credential that Authentik issued to this application, except
 * where `@Public()` or `@OptionalAuth()` stands. Does not look at the groups and scopes of the handler: that is what
 * {@link GroupsGuard} and {@link ScopesGuard} are for.
 * @throws {UnauthorizedException} 401 with a challenge: no credential, or one that is not acceptable
 * @throws {ForbiddenException} 403: a user who may not use this app (module-wide `allowedGroups`, `mapUser`)
 * @throws {ServiceUnavailableException} 503 with `Retry-After`: Authentik cannot be asked
 */
@Injectable()
export class AuthentikAuthGuard implements CanActivate {
  constructor(
    @Inject(GUARD_AUTHENTICATION) private readonly authentication: RequestAuthentication,
    @Inject(GUARD_REFUSALS) private readonly refusals: GuardRefusals,
  ) {}

  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const guarded = guardedRequest(context);
    const rule = readAccessRule(context.getHandler(), context.getClass());
    if (rule.authentication === 'none') return true;
    try {
      const answer = this.authenticate(guarded);
      // At once, where nobody has to be asked: a promise costs more than the look-up of a remembered token.
      return isLater(answer)
        ? answer.then((user) => this.judge(rule, user)).catch((error: unknown) => this.refuse(guarded, rule, error))
        : this.judge(rule, answer);
    } catch (error) {
      return this.refuse(guarded, rule, error);
    }
  }

  private judge(rule: AccessRule, user: AuthentikUser | undefined): true {
    const accepted = this.acceptedCredentials() ?? rule.acceptedCredentials;
    const refusal =
      user === undefined || accepted === undefined
        ? undefined
        : decideCredential({ ...rule, acceptedCredentials: accepted }, user);
    if (refusal !== undefined) throw refusal;
    if (user === undefined && rule.authentication === 'required') throw new UnauthenticatedError();
    return true;
  }

  private refuse(guarded: GuardedRequest, rule: AccessRule, error: unknown): never {
    if (!(error instanceof AuthentikError)) throw error;
    throw this.refusals.toException(guarded, error, this.acceptedCredentials() ?? rule.acceptedCredentials);
  }

  /**
   * Seam: who sent this request; `undefined` for nobody. An MCP message was authenticated with the HTTP request that
   * brought it.
   */
  protected authenticate(guarded: GuardedRequest): AuthentikUser | undefined | Promise<AuthentikUser | undefined> {
    return guarded.transport === 'http'
      ? this.authentication.authenticateIfPresent(guarded.request, guarded.response)
      : authenticatedUser(guarded.request);
  }

  /** Seam: kinds of credential that this guard takes, whatever the handler says. */
  protected acceptedCredentials(): readonly AuthentikUser['credential'][] | undefined {
    return undefined;
  }
}

/** {@link AuthentikAuthGuard} for access tokens alone: a browser's session is as no credential. */
@Injectable()
export class AuthentikBearerGuard extends AuthentikAuthGuard {
  protected override acceptedCredentials(): readonly AuthentikUser['credential'][] {
    return ['bearer'];
  }
}

/** {@link AuthentikAuthGuard} for browsers' sessions alone: an access token is as no credential. */
@Injectable()
export class AuthentikSessionGuard extends AuthentikAuthGuard {
  protected override acceptedCredentials(): readonly AuthentikUser['credential'][] {
    return ['session'];
  }
}
