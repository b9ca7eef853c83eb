import { AuthentikError } from './authentik.error.js';

/** Why a logout token was refused. For the operator's log; the wire shows the same 400 for all. */
export type LogoutTokenRefusal =
  | 'not_a_form'
  | 'too_large'
  | 'malformed'
  | 'encrypted'
  | 'type'
  | 'algorithm'
  | 'unknown_key'
  | 'signature'
  | 'issuer'
  | 'audience'
  | 'events'
  | 'nonce'
  | 'subject'
  | 'token_id'
  | 'issued_at'
  | 'expired'
  | 'replayed';

/**
 * A logout token is not acceptable here, and nobody was logged out. The wire shows 400 `invalid_request`.
 * @see OpenID Connect Back-Channel Logout 1.0 §2.6, §2.8
 */
export class LogoutTokenError extends AuthentikError {
  override readonly code = 'ERR_AUTHENTIK_LOGOUT_TOKEN';

  constructor(
    /** Why, as a stable word. */
    readonly reason: LogoutTokenRefusal,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
