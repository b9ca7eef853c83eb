import { Injectable } from '@nestjs/common';

import { type AuthentikError, UnauthenticatedError } from '../errors/index.js';
import type { AccessRule } from '../protocol/access-decision.js';
import type { AuthentikUser } from '../protocol/user.js';
import { RequestGuard } from './request.guard.js';

/**
 * Finds out who is asking. Lets nobody past without a credential that Authentik issued to this application, except
 * where `@Public()` or `@OptionalAuth()` stands. Does not look at the groups and scopes of the handler: that is what
 * {@link GroupsGuard} and {@link ScopesGuard} are for.
 * @throws {UnauthorizedException} 401 with a challenge: no credential, or one that is not acceptable
 * @throws {ForbiddenException} 403: a user who may not use this app (module-wide `allowedGroups`, `mapUser`)
 * @throws {ServiceUnavailableException} 503 with `Retry-After`: Authentik cannot be asked
 */
@Injectable()
export class AuthentikAuthGuard extends RequestGuard {
  protected override concerns(rule: AccessRule): boolean {
    return rule.authentication !== 'none';
  }

  protected override decide(rule: AccessRule, user: AuthentikUser | undefined): AuthentikError | undefined {
    return user === undefined && rule.authentication === 'required' ? new UnauthenticatedError() : undefined;
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
