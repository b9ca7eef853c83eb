// Loaded only when a module starts, as `shape-issues.ts` is.
import { closest, distance } from 'fastest-levenshtein';

import type { ConfigIssue } from '../errors/index.js';
import { knownVariables } from './authentik-env.js';

const prefix = 'AUTHENTIK_';
/**
 * Authentik's own nested settings have two underscores, and the embedded Authentik of development its own word. Of one
 * underscore, `AUTHENTIK_REDIS__URL` is nearly ours. No name of ours ends in `_KEY`, and an app may have its `AUTHENTIK_PUBLIC_KEY`.
 */
const others = /^AUTHENTI[KC]_(?:DEV_|.*__|.*_KEY$)/u;
/** `APPLICATION` for `APPLICATION_SLUG`: the longest that people leave out. */
const farthest = 5;

/** Names in the environment that are nearly ours, and would be ignored without a word. */
export function variableIssues(unknown: readonly string[]): ConfigIssue[] {
  return unknown.flatMap((name) => {
    const meant = others.test(name) ? undefined : nearestVariable(name);
    if (meant === undefined) return [];
    return [
      {
        option: name,
        problem: 'is not a variable of this library.',
        remedy: `Did you mean ${meant}? If it is of something else, leave it out of what authentikConfigFromEnv() is given.`,
      },
    ];
  });
}

/** Compared without the prefix, which all have, and by the length of ours, for `AUTHENTIK_TAG` is not `AUTHENTIK_URL`. */
function nearestVariable(name: string): string | undefined {
  const word = name.slice(prefix.length).toUpperCase();
  const words = knownVariables.map((variable) => variable.slice(prefix.length));
  const nearest = closest(word, words);
  const limit = Math.min(farthest, Math.floor(nearest.length / 3));
  return distance(word, nearest) <= limit ? `${prefix}${nearest}` : undefined;
}
