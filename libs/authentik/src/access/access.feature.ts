import { GuardRefusals } from '../rules/guard-refusals.js';
import { AuthentikAuthGuard, AuthentikBearerGuard, AuthentikSessionGuard } from './authentik-auth.guard.js';
import { GroupsGuard, ScopesGuard } from './rights.guards.js';
import { StartCheck } from './start-check.js';

export const accessFeature = {
  providers: [
    GuardRefusals,
    AuthentikAuthGuard,
    AuthentikBearerGuard,
    AuthentikSessionGuard,
    GroupsGuard,
    ScopesGuard,
    StartCheck,
  ],
  exports: [GuardRefusals, AuthentikAuthGuard, AuthentikBearerGuard, AuthentikSessionGuard, GroupsGuard, ScopesGuard],
};
