export {
  type AuthentikApplication,
  type AuthentikLogLevel,
  authentikLogLevels,
  AuthentikOptions,
  AuthentikRedisOptions,
  AuthentikTokenOptions,
  type AuthentikOptionsFactory,
  type AuthentikOptionsOverride,
  type IssuerMode,
  type RedisClientSettings,
  type ResolvedAuthentikOptions,
  type ResolvedRedisOptions,
  TrustedApplicationOptions,
} from './authentik-options.js';
export {
  AuthentikSessionOptions,
  type ExpressSessionStore,
  type OnLogin,
  type OnLogout,
  type ResolvedSessionOptions,
  type SessionEnd,
} from './session-options.js';
export { authentikConfigFromEnv } from './authentik-env.js';
export { resolveOptions } from './resolve-options.js';
export { isLoopback } from './urls.js';
