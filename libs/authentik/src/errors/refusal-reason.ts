import {
  GroupProhibitedError,
  GroupRequiredError,
  GroupsUnknownError,
  InsufficientScopeError,
  MalformedCredentialError,
  UnauthenticatedError,
  UnsupportedTransportError,
  UserRejectedError,
} from './access.errors.js';
import type { AuthentikError } from './authentik.error.js';
import { CrossSiteRequestError, TooManyRequestsError } from './browser.errors.js';
import { LogoutTokenError } from './logout-token.error.js';
import { type TokenRefusal, TokenVerificationError } from './token-verification.error.js';
import { AuthentikUnavailableError } from './unavailable.error.js';

/** Why somebody was refused, as a stable word for logs. The README says of each what to do. */
export type RefusalReason =
  | 'no_credential'
  | 'malformed_credential'
  | `token_${TokenRefusal}`
  | 'group_required'
  | 'group_prohibited'
  | 'groups_unknown'
  | 'scope_required'
  | 'user_rejected'
  | 'authentik_unavailable'
  | 'cross_site'
  | 'too_many_requests'
  | 'logout_token'
  | 'unsupported_transport'
  | 'internal';

/** All of them, for documentation and tests. */
export const refusalReasons: readonly RefusalReason[] = [
  'no_credential',
  'malformed_credential',
  'token_malformed',
  'token_algorithm',
  'token_unknown_key',
  'token_signature',
  'token_issuer',
  'token_audience',
  'token_expired',
  'token_not_yet_valid',
  'token_not_an_access_token',
  'token_claims',
  'token_revoked',
  'token_inactive',
  'group_required',
  'group_prohibited',
  'groups_unknown',
  'scope_required',
  'user_rejected',
  'authentik_unavailable',
  'cross_site',
  'too_many_requests',
  'logout_token',
  'unsupported_transport',
  'internal',
];

export function refusalReason(error: AuthentikError): RefusalReason {
  if (error instanceof UnauthenticatedError) return 'no_credential';
  if (error instanceof MalformedCredentialError) return 'malformed_credential';
  if (error instanceof TokenVerificationError) return `token_${error.reason}`;
  if (error instanceof GroupRequiredError) return 'group_required';
  if (error instanceof GroupProhibitedError) return 'group_prohibited';
  if (error instanceof GroupsUnknownError) return 'groups_unknown';
  if (error instanceof InsufficientScopeError) return 'scope_required';
  if (error instanceof UserRejectedError) return 'user_rejected';
  if (error instanceof CrossSiteRequestError) return 'cross_site';
  if (error instanceof TooManyRequestsError) return 'too_many_requests';
  if (error instanceof LogoutTokenError) return 'logout_token';
  if (error instanceof AuthentikUnavailableError) return 'authentik_unavailable';
  if (error instanceof UnsupportedTransportError) return 'unsupported_transport';
  return 'internal';
}
