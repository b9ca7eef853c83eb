export { AuthentikError } from './authentik.error.js';
export { AuthentikConfigError, type ConfigIssue } from './config.error.js';
export {
  GroupProhibitedError,
  GroupRequiredError,
  GroupsUnknownError,
  InsufficientScopeError,
  MalformedCredentialError,
  UnauthenticatedError,
  UnsupportedTransportError,
  UserRejectedError,
} from './access.errors.js';
export { CrossSiteRequestError, TooManyRequestsError } from './browser.errors.js';
export { LogoutTokenError, type LogoutTokenRefusal } from './logout-token.error.js';
export { type RefusalReason, refusalReason, refusalReasons } from './refusal-reason.js';
export { type ClaimedIdentity, TokenVerificationError, type TokenRefusal } from './token-verification.error.js';
export { LoginError, type LoginFailure, LoginRefusedError } from './login.errors.js';
export { TokenGrantError } from './token-grant.error.js';
export { AuthentikUnavailableError } from './unavailable.error.js';
