export {
  startEmbeddedAuthentik,
  type EmbeddedApplication,
  type EmbeddedAuthentik,
  type EmbeddedAuthentikOptions,
  type EmbeddedUser,
} from './embedded/embedded-authentik.js';
export type { EmbeddedClock } from './embedded/clock.js';
export type {
  EmbeddedApplicationChanges,
  EmbeddedApplicationOptions,
  EmbeddedProviderOptions,
  EmbeddedUserOptions,
  GrantType,
  PolicyBindingOptions,
  ScopeMappingClaims,
  SubMode,
} from './embedded/directory/options.js';
export type { RedirectUri } from './embedded/directory/redirect-uris.js';
export {
  AuthentikTestingError,
  PortTakenError,
  UnknownNameError,
  type AuthentikTestingErrorCode,
} from './embedded/errors.js';
export type { LogoutDelivery } from './embedded/ends/backchannel.js';
export type { FaultKind, FaultOptions } from './embedded/faults/faults.js';
export type { AuthentikVersion } from './embedded/versions.js';
export type { EndpointName } from './embedded/wire/endpoint.js';
export type { LoggedRequest } from './embedded/wire/request-log.js';
export { actingAs, type ActingAsOptions, type BearerHeaders } from './agents/acting-as.js';
export { authentikOptions, type AuthentikTestOptions } from './agents/authentik-options.js';
export { loginAs } from './agents/login-as.js';
export type { LoginOptions } from './agents/login-options.js';
export type { LoginAgent } from './agents/login-with-agent.js';
export type { LoginPage } from './agents/login-with-page.js';
export { embeddedAuthentik } from './agents/which-authentik.js';
export { withEmbeddedAuthentik, type StandInOptions } from './agents/with-embedded-authentik.js';
export { BROKEN_KINDS, type BrokenKind } from './mint/broken-kinds.js';
export type { MintOptions } from './mint/mint.js';
