import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';

import { GUARD_REFUSALS } from '../authentik.constants.js';
import type { AuthentikError } from '../errors/index.js';
import { type AccessRule, decideGroups, decideScopes } from '../protocol/access-decision.js';
import type { AuthentikUser } from '../protocol/user.js';
import { readAccessRule } from '../rules/access-rule.metadata.js';
import { GuardRefusals } from '../rules/guard-refusals.js';
import { type GuardedRequest, guardedRequest } from '../rules/guarded-request.js';
import { authenticatedUser } from '../rules/request-authentication.js';

/** What the two guards have in common: a user, a rule, a verdict. */
@Injectable()
abstract class RightsGuard implements CanActivate {
  constructor(@Inject(GUARD_REFUSALS) private readonly refusals: GuardRefusals) {}

  canActivate(context: ExecutionContext): boolean {
    const guarded = guardedRequest(context);
    const rule = readAccessRule(context.getHandler(), context.getClass());
    const refusal = this.decide(rule, this.userOf(guarded));
    if (refusal !== undefined) throw this.refusals.toException(guarded, refusal);
    return true;
  }

  protected abstract decide(rule: AccessRule, user: AuthentikUser | undefined): AuthentikError | undefined;

  /** Seam: whose rights are looked at. Never `request.user`, which anybody may have written. */
  protected userOf(guarded: GuardedRequest): AuthentikUser | undefined {
    return authenticatedUser(guarded.request);
  }
}

/**
 * Compares the user's groups with `@AllowedGroups`, `@RequiredGroups` and `@ProhibitedGroups`. Does not authenticate:
 * place it after {@link AuthentikAuthGuard}; without a user it refuses. A handler that names no group is left alone.
 * @throws {UnauthorizedException} 401: no user
 * @throws {ForbiddenException} 403 without a scope: the groups do not fit; with the scope `profile`: they are prohibited,
 * and not known without it
 */
@Injectable()
export class GroupsGuard extends RightsGuard {
  protected override decide(rule: AccessRule, user: AuthentikUser | undefined): AuthentikError | undefined {
    return decideGroups(rule, user);
  }
}

/**
 * Compares the token's scopes with `@RequiredScopes`. Does not authenticate: place it after {@link AuthentikAuthGuard};
 * without a user it refuses. A handler that names no scope is left alone.
 * @throws {UnauthorizedException} 401: no user
 * @throws {ForbiddenException} 403 `insufficient_scope`, with every scope that the client should ask for
 */
@Injectable()
export class ScopesGuard extends RightsGuard {
  protected override decide(rule: AccessRule, user: AuthentikUser | undefined): AuthentikError | undefined {
    return decideScopes(rule, user);
  }
}
