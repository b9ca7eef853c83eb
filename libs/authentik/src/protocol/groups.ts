/** Authentik's own mapping of this scope writes the claim `groups`; there is no scope of that name. */
export const scopeOfGroups = 'profile';

/** Whether a user is in at least one of these groups. Names are compared exactly. */
export function isInAnyGroup(userGroups: readonly string[], groups: readonly string[]): boolean {
  return groups.some((group) => userGroups.includes(group));
}
