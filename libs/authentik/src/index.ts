// The names we promise, written by hand: adding one is a decision.
export { AuthentikModule } from './authentik.module.js';
export { AUTHENTIK_OPTIONS_OVERRIDE } from './authentik.constants.js';
export type { AuthentikFeature, AuthentikModuleExtras } from './options/module-extras.js';
export {
  type AuthentikApplication,
  type AuthentikLogLevel,
  AuthentikOptions,
  AuthentikRedisOptions,
  AuthentikSessionOptions,
  AuthentikTokenOptions,
  authentikConfigFromEnv,
  type AuthentikOptionsFactory,
  type ExpressSessionStore,
  type AuthentikOptionsOverride,
  type IssuerMode,
  type OnLogin,
  type OnLogout,
  type RedisClientSettings,
  type ResolvedAuthentikOptions,
  type ResolvedRedisOptions,
  type ResolvedSessionOptions,
  type SessionEnd,
  TrustedApplicationOptions,
} from './options/index.js';
export type { KeyValueStore } from './stores/key-value-store.js';
export { InjectAuthentikOptions } from './options/inject-options.decorator.js';
export { type AuthentikStanding, AuthentikStatus } from './health/authentik-status.js';
export type { VerifyTokenOptions } from './tokens/verify/narrow.js';
export { type AuthenticateOptions, AuthentikTokenService } from './tokens/authentik-token.service.js';
export type { AuthentikTokenSet } from './tokens/grants/token-set.js';
export type { EndSession } from './tokens/grants/end-session.js';
export type { TokenExchange } from './tokens/grants/token-exchanger.js';
export { AuthentikAuthGuard, AuthentikBearerGuard, AuthentikSessionGuard } from './access/authentik-auth.guard.js';
export { CsrfGuard } from './session/csrf/csrf.guard.js';
export { GroupsGuard, ScopesGuard } from './access/rights.guards.js';
export {
  AcceptedCredentials,
  type AccessDecorator,
  AllowedGroups,
  Authenticated,
  OptionalAuth,
  ProhibitedGroups,
  Public,
  RequiredGroups,
  RequiredScopes,
} from './access/decorators.js';
export { CurrentUser } from './access/current-user.decorator.js';
export type { AuthentikRequest } from './rules/authentik-request.js';
export type { AuthentikUser } from './protocol/user.js';
export type { AuthentikClaims } from './protocol/claims.types.js';
export {
  AuthentikConfigError,
  AuthentikError,
  AuthentikUnavailableError,
  CrossSiteRequestError,
  GroupProhibitedError,
  GroupRequiredError,
  GroupsUnknownError,
  InsufficientScopeError,
  LoginError,
  type LoginFailure,
  LoginRefusedError,
  LogoutTokenError,
  MalformedCredentialError,
  TokenGrantError,
  TokenVerificationError,
  TooManyRequestsError,
  UnauthenticatedError,
  UnsupportedTransportError,
  UserRejectedError,
  type ConfigIssue,
  type LogoutTokenRefusal,
  type RefusalReason,
  type TokenRefusal,
} from './errors/index.js';
