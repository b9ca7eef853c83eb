import { LRUCache } from 'lru-cache';

/** There are few in an app, and each request may bring one. Longer ones are somebody's idea of a joke. */
const longestKnown = 1_000;
const known = new LRUCache<string, readonly string[]>({ max: 200 });

/**
 * Words of a spaced scope string; anything else gives none. Repetitions are dropped, order is kept. Frozen.
 * @see RFC 6749 §3.3
 */
export function parseScope(scope: unknown): readonly string[] {
  if (typeof scope !== 'string') return none;
  let words = known.get(scope);
  if (words === undefined) {
    words = Object.freeze([...new Set(scope.split(' ').filter((word) => word !== ''))]);
    if (scope.length <= longestKnown) known.set(scope, words);
  }
  return words;
}

const none: readonly string[] = Object.freeze([]);

/** Those of the required scopes that were not granted. */
export function missingScopes(required: readonly string[], granted: readonly string[]): string[] {
  return required.filter((scope) => !granted.includes(scope));
}
