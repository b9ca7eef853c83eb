import { Injectable } from '@nestjs/common';

import type { AuthentikError } from '../errors/index.js';
import { type AccessRule, decideGroups, decideScopes, namesGroups } from '../protocol/access-decision.js';
import type { AuthentikUser } from '../protocol/user.js';
import { RequestGuard } from './request.guard.js';

/**
 * Nobody is asked for anything there, and other guards, which stand between this one and that of the handler, may want to
 * know who it is.
 */
const isOptional = (rule: AccessRule) => rule.authentication === 'optional';

/**
 * Compares the user's groups with `@AllowedGroups`, `@RequiredGroups` and `@ProhibitedGroups`. Finds out who is asking as
 * {@link AuthentikAuthGuard} does, before it or after it. A handler that names no group is left alone, whoever asks;
 * only `@OptionalAuth()` makes it look for a user there.
 * @throws {UnauthorizedException} 401: no user
 * @throws {ForbiddenException} 403 without a scope: the groups do not fit; with the scope `profile`: they are prohibited,
 * and not known without it
 * @throws {ServiceUnavailableException} 503 with `Retry-After`: Authentik cannot be asked
 */
@Injectable()
export class GroupsGuard extends RequestGuard {
  protected override concerns(rule: AccessRule): boolean {
    return namesGroups(rule) || isOptional(rule);
  }

  protected override decide(rule: AccessRule, user: AuthentikUser | undefined): AuthentikError | undefined {
    return decideGroups(rule, user);
  }
}

/**
 * Compares the token's scopes with `@RequiredScopes`. Finds out who is asking as {@link AuthentikAuthGuard} does, before
 * it or after it. A handler that names no scope is left alone, whoever asks; only `@OptionalAuth()` makes it look for a user
 * there.
 * @throws {UnauthorizedException} 401: no user
 * @throws {ForbiddenException} 403 `insufficient_scope`, with every scope that the client should ask for
 * @throws {ServiceUnavailableException} 503 with `Retry-After`: Authentik cannot be asked
 */
@Injectable()
export class ScopesGuard extends RequestGuard {
  protected override concerns(rule: AccessRule): boolean {
    return rule.requiredScopes !== undefined || isOptional(rule);
  }

  protected override decide(rule: AccessRule, user: AuthentikUser | undefined): AuthentikError | undefined {
    return decideScopes(rule, user);
  }
}
