import { randomBytes } from 'node:crypto';

import { AuthentikSessionOptions, type ResolvedSessionOptions } from './session-options.js';

/** Fills in the defaults of options that were checked. */
export function resolveSession(given: AuthentikSessionOptions, publicUrl: string): ResolvedSessionOptions {
  const { secrets, store, membershipMaxAgeSeconds, ...options } = Object.assign(
    new AuthentikSessionOptions(),
    given,
  ) as Required<AuthentikSessionOptions>;
  const isSecretMade = (secrets as string[] | undefined) === undefined;
  const kept = Object.freeze(isSecretMade ? [randomBytes(32).toString('base64url')] : [...secrets]);
  const resolved = {
    cookieName: given.cookieName ?? (publicUrl.startsWith('https:') ? '__Host-authentik' : 'authentik'),
    idleSeconds: options.idleSeconds,
    absoluteSeconds: options.absoluteSeconds,
    ...(given.membershipMaxAgeSeconds !== undefined && { membershipMaxAgeSeconds }),
    keepTokens: options.keepTokens || given.membershipMaxAgeSeconds !== undefined,
    ...(given.store !== undefined && { store }),
    mount: options.mount,
    maxLoginsPerMinute: options.maxLoginsPerMinute,
    maxCallbacksPerMinute: options.maxCallbacksPerMinute,
    maxLogoutTokensPerMinute: options.maxLogoutTokensPerMinute,
    isSecretMade,
  };
  // Readable by those who ask for them by name; `inspect`, JSON and spreading do not see them.
  return Object.freeze(
    Object.defineProperty(resolved, 'secrets', { get: () => kept, enumerable: false }),
  ) as unknown as ResolvedSessionOptions;
}
