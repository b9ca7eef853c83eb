export { type AuthentikApplication, TrustedApplicationOptions } from './application-options.js';
export {
  type AuthentikLogLevel,
  authentikLogLevels,
  AuthentikOptions,
  type AuthentikOptionsFactory,
  type AuthentikOptionsOverride,
  type IssuerMode,
  type ResolvedAuthentikOptions,
} from './authentik-options.js';
export { AuthentikRedisOptions, type RedisClientSettings, type ResolvedRedisOptions } from './redis-options.js';
export { AuthentikTokenOptions } from './token-options.js';
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
