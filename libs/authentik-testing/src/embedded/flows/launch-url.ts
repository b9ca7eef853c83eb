import type { Application } from '../directory/entries.js';

/** @returns where an application starts, guessed as Authentik does: its first redirect URI without the path */
export function launchUrlOf({ provider }: Application): string | undefined {
  const url = provider?.redirectUris[0]?.url;
  return url === undefined ? undefined : url.replace(/^([A-Za-z][A-Za-z0-9+.-]*:\/\/[^/?#]*)[^?#]*/, '$1');
}
