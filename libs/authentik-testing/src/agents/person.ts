import { AuthentikTestingError } from '../embedded/errors.js';
import type { LoginOptions } from './login-options.js';
import { authentikAt } from './which-authentik.js';

/**
 * Finds the password of who signs in, at the Authentik that the app has sent the browser to.
 * @throws {AuthentikTestingError} that is no embedded Authentik of this process
 */
export function personFor(
  username: string,
  authorizationUrl: URL,
  { authentik = authentikAt(authorizationUrl), password }: Omit<LoginOptions, 'path'>,
): Readonly<{ username: string; password: string }> {
  if (authentik === undefined) {
    throw new AuthentikTestingError(
      'ERR_AUTHENTIK_TESTING_SIGN_IN',
      `The app sends its login to ${authorizationUrl.origin}, where no embedded Authentik of this process runs. Configure the app with the \`url\` of the embedded one, or use \`withEmbeddedAuthentik\`.`,
    );
  }
  const known = authentik.credentials(username);
  return { username, password: password ?? known.password };
}
