import type { Habits } from '../versions.js';
import type { ScopeMapping } from './entries.js';
import type { ScopeMappingClaims } from './options.js';

/** What the consent page calls scopes; one that is not here has no words of its own. */
export const SCOPE_DESCRIPTIONS: Readonly<Record<string, string>> = {
  email: 'Email address',
  profile: 'General Profile Information',
  entitlements: 'Application entitlements',
  offline_access: 'Access to request new tokens without interaction',
};

/** The mappings that every Authentik has. A name that is not here and not custom is a mapping without claims. */
export function managedMapping(scope: string, habits: Habits): ScopeMapping {
  switch (scope) {
    case 'email':
      return (user) => ({ email: user.email, email_verified: habits.emailVerified });
    case 'profile':
      return (user) => ({
        name: user.name,
        given_name: user.name,
        preferred_username: user.username,
        nickname: user.username,
        groups: [...user.groups],
      });
    case 'entitlements':
      return (user, application) => {
        const held = Object.entries(application?.entitlements ?? {})
          .filter(([, groups]) => groups.some((group) => user.groups.has(group)))
          .map(([entitlement]) => entitlement);
        return { entitlements: held, roles: [...held] };
      };
    case 'ak_proxy':
      return (user) => ({ ak_proxy: { user_attributes: user.attributes, is_superuser: user.isSuperuser } });
    default:
      return () => ({});
  }
}

/** A mapping of the caller's own. */
export function customMapping(claims: ScopeMappingClaims): ScopeMapping {
  return (user) =>
    typeof claims === 'function' ? claims({ username: user.username, groups: [...user.groups] }) : claims;
}
