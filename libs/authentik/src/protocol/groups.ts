/** Whether a user is in at least one of these groups. Names are compared exactly. */
export function isInAnyGroup(userGroups: readonly string[], groups: readonly string[]): boolean {
  return groups.some((group) => userGroups.includes(group));
}
