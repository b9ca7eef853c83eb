/** Authentik's own mapping of this scope writes the claim `groups`; there is no scope of that name. */
export const scopeOfGroups = 'profile';

/** Whether a user is in at least one of these groups. Names are compared exactly. */
export function isInAnyGroup(userGroups: readonly string[], groups: readonly string[]): boolean {
  // Not `some()`: the rule's list is frozen, and V8 then asks for each entry by a slow way.
  for (const group of groups) if (userGroups.includes(group)) return true;
  return false;
}
