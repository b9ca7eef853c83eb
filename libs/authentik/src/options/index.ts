export {
  type AuthentikApplication,
  type AuthentikLogLevel,
  authentikLogLevels,
  AuthentikOptions,
  AuthentikTokenOptions,
  type AuthentikOptionsFactory,
  type IssuerMode,
  type ResolvedAuthentikOptions,
  TrustedApplicationOptions,
} from './authentik-options.js';
export { authentikConfigFromEnv } from './authentik-env.js';
export { resolveOptions } from './resolve-options.js';
export { isLoopback } from './urls.js';
