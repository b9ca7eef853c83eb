/** Authentik's own mapping of this scope writes the claim `groups`; there is no scope of that name. */
export const scopeOfGroups = 'profile';

/**
 * Whether a user is in at least one of these groups. Names are compared exactly.
 * @throws {TypeError} no list of names: a text would be walked through letter by letter
 */
export function isInAnyGroup(userGroups: readonly string[], groups: readonly string[]): boolean {
  if (!Array.isArray(groups) || !Array.isArray(userGroups)) throw new TypeError('Groups are no list of names.');
  // Not `some()`: of a frozen list, as rules have it, V8 then asks for each entry by a slow way.
  for (const group of groups as readonly string[]) if (userGroups.includes(group)) return true;
  return false;
}
