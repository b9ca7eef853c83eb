/** Words of a spaced scope string; anything else gives none. Repetitions are dropped, order is kept. @see RFC 6749 §3.3 */
export function parseScope(scope: unknown): string[] {
  return typeof scope === 'string' ? [...new Set(scope.split(' ').filter((word) => word !== ''))] : [];
}

/** Those of the required scopes that were not granted. */
export function missingScopes(required: readonly string[], granted: readonly string[]): string[] {
  return required.filter((scope) => !granted.includes(scope));
}
