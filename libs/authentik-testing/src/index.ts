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
export { BROKEN_KINDS, type BrokenKind } from './mint/broken.js';
export type { MintOptions } from './mint/mint.js';
