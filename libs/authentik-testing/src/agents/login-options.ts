import type { EmbeddedAuthentik } from '../embedded/embedded-authentik.js';

/** How a login goes. */
export interface LoginOptions {
  /** Where the app's login begins: a path, or for a page without `baseURL` a whole URL. Default `/auth/login`. */
  readonly path?: string;
  /** Default: the password that the person has. */
  readonly password?: string;
  /** Default: the running one to which the app sends its login. */
  readonly authentik?: EmbeddedAuthentik;
}
