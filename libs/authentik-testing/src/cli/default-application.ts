import type { EmbeddedApplicationOptions } from '../embedded/directory/options.js';
import { DEFAULT_APPLICATIONS, DEFAULT_REDIRECT_URIS } from '../embedded/directory/seed.js';

/**
 * The application of a development run, told where the app is that is started beside it: signing out there ends the
 * session here, and the other way round.
 * @param env of the app: `AUTHENTIK_PUBLIC_URL`, or `PORT` on this machine, by default 3000
 */
export function applicationBeside(env: NodeJS.ProcessEnv): EmbeddedApplicationOptions[] {
  const port = env['PORT']?.trim() || '3000';
  const publicUrl = (env['AUTHENTIK_PUBLIC_URL']?.trim() || `http://localhost:${port}`).replace(/\/+$/u, '');
  return DEFAULT_APPLICATIONS.map((application) => ({
    ...application,
    redirectUris: [
      ...DEFAULT_REDIRECT_URIS,
      { matchingMode: 'strict', url: `${publicUrl}/auth/callback` },
      { matchingMode: 'strict', url: `${publicUrl}/auth/signed-out`, redirectUriType: 'logout' },
    ],
    invalidationFlow: 'default-invalidation-flow',
    logoutUri: `${publicUrl}/auth/backchannel-logout`,
  }));
}
