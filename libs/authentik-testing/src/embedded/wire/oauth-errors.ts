import type { Exchange } from './exchange.js';

/** Authentik's fixed sentences. */
const DESCRIPTIONS = {
  invalid_request: 'The request is otherwise malformed',
  invalid_client:
    'Client authentication failed (e.g., unknown client, no client authentication included, or unsupported authentication method)',
  invalid_grant:
    'The provided authorization grant or refresh token is invalid, expired, revoked, does not match the redirection URI used in the authorization request, or was issued to another client',
  unsupported_grant_type: 'The authorization grant type is not supported by the authorization server',
  invalid_scope: 'The requested scope is invalid, unknown, or malformed',
  invalid_target: 'The requested resource is invalid, missing, unknown, or malformed',
  unsupported_response_type:
    'The authorization server does not support obtaining an authorization code using this method',
  login_required: 'The Authorization Server requires End-User authentication',
  consent_required: 'The Authorization Server requires End-User consent',
  authorization_pending:
    "The authorization request is still pending as the end user hasn't yet completed the user-interaction steps",
  // Without the spaces that are missing there, too.
  slow_down:
    'A variant of "authorization_pending", the authorization request isstill pending and polling should continue, but the interval MUSTbe increased by 5 seconds for this and all subsequent requests.',
  expired_token:
    'The "device_code" has expired, and the device authorization session has concluded. The client MAY commence a new device authorization request but SHOULD wait for user interaction before restarting to avoid unnecessary polling.',
  request_not_supported: 'The provider does not support use of the request parameter',
} as const;

/** OAuth error codes that the emulator answers with. */
export type OAuthErrorCode = keyof typeof DESCRIPTIONS;

/** @returns the sentence that goes with a code */
export function descriptionOf(error: OAuthErrorCode): string {
  return DESCRIPTIONS[error];
}

/** A refusal of the token endpoint or its neighbours: thrown where it is found, answered in one place. */
export class OAuthRefusal extends Error {
  constructor(readonly error: OAuthErrorCode) {
    super(error);
  }
}

/** Where the real server fails on its own code. Ends as a 500 page for GET, and an empty 405 for all else. */
export class AuthentikCrash extends Error {}

/** Answers with an OAuth error as JSON: 400, for `invalid_client` as well, unless the endpoint knows better. */
export function answerOAuthError(exchange: Exchange, error: OAuthErrorCode, status = 400): void {
  exchange.tokenJson(status, {
    error,
    error_description: descriptionOf(error),
    ...(exchange.habits.requestIdInErrors && { request_id: exchange.requestId }),
  });
}
