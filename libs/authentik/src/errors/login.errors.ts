import { AuthentikError } from './authentik.error.js';

/** Why a sign-in came to nothing, as a stable word: it is the `error` that programs read. */
export type LoginFailure =
  | 'login_expired'
  | 'login_replayed'
  | 'login_denied'
  | 'login_refused'
  | 'login_required'
  | 'login_failed'
  | 'wrong_state'
  | 'other_browser'
  | 'not_allowed'
  | 'invalid_request'
  | 'invalid_return_to'
  | 'invalid_response'
  | 'too_many_requests'
  | 'authentik_unavailable'
  | 'sessions_unavailable';

/**
 * A sign-in came to nothing. The person sees a page that says what happened and what to do; nobody is signed in.
 * @see OpenID Connect Core 1.0 §3.1
 */
export class LoginError extends AuthentikError {
  override readonly code = 'ERR_AUTHENTIK_LOGIN';

  constructor(
    /** Why, as a stable word. */
    readonly reason: LoginFailure,
    /** For the operator; never shown. */
    message: string,
    options?: ErrorOptions & { readonly shown?: string },
  ) {
    super(message, options);
    this.shown = options?.shown;
  }

  /** What the app wants the person to read. */
  readonly shown: string | undefined;
}

/**
 * Thrown by an app's `onLogin` to let somebody not in. The message is shown to that person, so it must hold nothing that
 * is not for them.
 */
export class LoginRefusedError extends AuthentikError {
  override readonly code = 'ERR_AUTHENTIK_LOGIN_REFUSED';
}
