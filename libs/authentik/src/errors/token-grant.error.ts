import { AuthentikError } from './authentik.error.js';

/**
 * Authentik did not give tokens.
 * - `outcome_unknown`: the request may have arrived and the answer was lost. Authentik has no grace period, so a refresh
 *   token that was sent counts as used up: its session is over, and trying again would not help.
 * - `invalid_request`: nothing was sent, since what was given is no token (missing, or with `Bearer` before it). Also a
 *   word of Authentik.
 * - anything else: the OAuth error code that Authentik named, such as `invalid_grant` (used, revoked or expired) and
 *   `invalid_client` (check `clientId` and `clientSecret`).
 * @see RFC 6749 §5.2
 */
export class TokenGrantError extends AuthentikError {
  override readonly code = 'ERR_AUTHENTIK_TOKEN_GRANT';

  constructor(
    /** Why, as a stable word. */
    readonly reason: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }

  /** Whether what was sent is of no use any more, so that its holder has to sign in again. */
  get isGrantEnded(): boolean {
    return this.reason === 'invalid_grant' || this.reason === 'outcome_unknown';
  }
}
