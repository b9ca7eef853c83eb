import { GUARD_AUTHENTICATION, GUARD_REFUSALS } from '../authentik.constants.js';
import { GuardRefusals } from '../rules/guard-refusals.js';
import { RequestAuthentication } from '../rules/request-authentication.js';
import { AuthentikAuthGuard, AuthentikBearerGuard, AuthentikSessionGuard } from './authentik-auth.guard.js';
import { GroupsGuard, ScopesGuard } from './rights.guards.js';
import { StartCheck } from './start-check.js';

export const accessFeature = {
  providers: [
    GuardRefusals,
    { provide: GUARD_AUTHENTICATION, useExisting: RequestAuthentication },
    { provide: GUARD_REFUSALS, useExisting: GuardRefusals },
    AuthentikAuthGuard,
    AuthentikBearerGuard,
    AuthentikSessionGuard,
    GroupsGuard,
    ScopesGuard,
    StartCheck,
  ],
  exports: [
    GUARD_AUTHENTICATION,
    GUARD_REFUSALS,
    GuardRefusals,
    AuthentikAuthGuard,
    AuthentikBearerGuard,
    AuthentikSessionGuard,
    GroupsGuard,
    ScopesGuard,
  ],
};
