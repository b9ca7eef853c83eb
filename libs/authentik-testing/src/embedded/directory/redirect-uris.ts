import type { Habits } from '../versions.js';

/** One registered redirect URI. */
export interface RedirectUri {
  /** `strict`: equal byte for byte. `regex`: the whole URI matches, as Python's `fullmatch`. */
  readonly matchingMode: 'strict' | 'regex';
  readonly url: string;
  /** What it may be used for (2026.5+). Default `authorization`. */
  readonly redirectUriType?: 'authorization' | 'logout';
}

const FORBIDDEN_SCHEMES = new Set(['javascript', 'data', 'vbscript']);

/** Schemes that no client is ever sent to, even if registered. */
export function hasForbiddenScheme(uri: string): boolean {
  return FORBIDDEN_SCHEMES.has(uri.split(':', 1)[0]?.toLowerCase() ?? '');
}

/** No port is ever ignored, no loopback address stands for another: Authentik has no such rule. */
export function matchesRedirectUri(uri: string, entries: readonly RedirectUri[], habits: Habits): boolean {
  if (!habits.redirectUriModes) return entries.some((entry) => matchesUntypedEntry(uri, entry.url));
  return entries
    .filter((entry) => !habits.redirectUriTypes || entry.redirectUriType !== 'logout')
    .some((entry) => (entry.matchingMode === 'strict' ? entry.url === uri : (fullMatch(entry.url, uri) ?? false)));
}

/** Whether a browser may be sent there after end-session (2026.5+). */
export function matchesLogoutUri(uri: string, entries: readonly RedirectUri[]): boolean {
  return entries
    .filter((entry) => entry.redirectUriType === 'logout')
    .some((entry) => (entry.matchingMode === 'strict' ? entry.url === uri : (fullMatch(entry.url, uri) ?? false)));
}

/** Up to 2024.8.4 and 2024.10.2: an expression first; equality only for what does not compile. */
function matchesUntypedEntry(uri: string, entry: string): boolean {
  return fullMatch(entry === '*' ? '.*' : entry, uri) ?? entry === uri;
}

/** @returns undefined for an expression that does not compile; Authentik skips those */
function fullMatch(expression: string, text: string): boolean | undefined {
  try {
    // Python names groups with `?P<`; anchors go around, so that an alternative can't escape them.
    return new RegExp(`^(?:${expression.replaceAll('(?P<', '(?<')})$`).test(text);
  } catch {
    return undefined;
  }
}
