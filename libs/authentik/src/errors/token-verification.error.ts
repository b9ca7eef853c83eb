import { AuthentikError } from './authentik.error.js';

/**
 * Why a token was refused. For the operator's log, where `token_` stands before it; the wire shows the same words for all.
 */
export type TokenRefusal =
  | 'malformed'
  | 'algorithm'
  | 'unknown_key'
  | 'signature'
  | 'issuer'
  | 'audience'
  | 'expired'
  | 'not_yet_valid'
  | 'not_an_access_token'
  | 'claims'
  | 'revoked'
  | 'inactive';

/** What a token that was refused says of itself. Nobody vouches for it. */
export interface ClaimedIdentity {
  readonly clientId?: string;
  readonly subject?: string;
}

/**
 * An access token is not acceptable here. The wire shows 401 `invalid_token`.
 *
 * It has no stack: `reason` tells all, and whoever floods an app with bad tokens would have each one written down.
 * @see RFC 6750 §3.1
 */
export class TokenVerificationError extends AuthentikError {
  override readonly code = 'ERR_AUTHENTIK_TOKEN_VERIFICATION';
  /** Whose token it says it is; not verified, for the log only. */
  readonly claimed: ClaimedIdentity | undefined;

  constructor(
    /** Why, as a stable word. */
    readonly reason: TokenRefusal,
    message: string,
    options?: ErrorOptions & { claimed?: ClaimedIdentity },
  ) {
    // False where nobody may change it, and the stack is written as usual.
    const { stackTraceLimit } = Error;
    const isStackless = Reflect.set(Error, 'stackTraceLimit', 0);
    super(message, options);
    if (isStackless) Error.stackTraceLimit = stackTraceLimit;
    this.claimed = options?.claimed;
  }
}
