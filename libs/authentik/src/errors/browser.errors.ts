import { AuthentikError } from './authentik.error.js';

/**
 * A request that would change something came with a session cookie, and not from a page of ours: another site may have
 * made the browser send it. The wire shows 403.
 * @see OWASP Cross-Site Request Forgery Prevention, "Fetch Metadata headers"
 */
export class CrossSiteRequestError extends AuthentikError {
  override readonly code = 'ERR_AUTHENTIK_CROSS_SITE_REQUEST';
}

/** One address asked too often. The wire shows 429 with `Retry-After`. */
export class TooManyRequestsError extends AuthentikError {
  override readonly code = 'ERR_AUTHENTIK_TOO_MANY_REQUESTS';

  constructor(
    message: string,
    /** After how many seconds it is heard again. */
    readonly retryAfterSeconds: number,
  ) {
    super(message);
  }
}
