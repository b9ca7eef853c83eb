import semver from 'semver';
import { AuthentikTestingError } from './errors.js';

/** Versions of Authentik that the emulator is held to; any other release is compared with the ranges of {@link HABITS}. */
export type AuthentikVersion = '2024.8' | '2025.2' | '2025.10' | '2026.5.0-rc1' | '2026.5' | '2026.8' | (string & {});

/** Emulated when nothing else is asked for. */
export const DEFAULT_VERSION: AuthentikVersion = '2026.8';

/** Two short names stand for the patch release whose behaviour is known; others mean their `.0`. */
const KNOWN_PATCH: Readonly<Record<string, string>> = { '2024.8': '2024.8.3', '2025.2': '2025.2.3' };

/** How something is known. `recorded`: recordings hold it; `source`: read in Authentik's source; `documented`: its docs or notes. */
export type Evidence = 'recorded' | 'source' | 'documented';

/** One thing that Authentik does differently from version to version. */
export interface HabitRow {
  /** Versions that have it, as a semver range; pre-releases count. */
  readonly versions: string;
  /** How it is known that Authentik does this at all. */
  readonly evidence: Evidence;
  /** How the release is known with which it begins or ends. `none`: it lies somewhere between two that were seen. */
  readonly boundary: Evidence | 'none';
  /** What such a version does. One sentence; it stands in COMPATIBILITY.md. */
  readonly what: string;
}

/**
 * Everything that Authentik does differently from version to version: habit by versions that have it. A new release is
 * a new range here. What all versions do alike stands in the endpoints.
 */
// One habit a line, so that it reads as a table.
// prettier-ignore
export const HABITS = {
  // Registration
  redirectUriModes: { versions: '>=2024.8.5 <2024.10.0 || >=2024.10.3', evidence: 'recorded', boundary: 'documented', what: 'Redirect URIs are entries with a mode. Before, each entry is tried as an expression, whatever it looks like.' },
  learnsFirstRedirectUri: { versions: '<2025.12.5 || >=2026.2.0-0 <2026.5.0', evidence: 'recorded', boundary: 'documented', what: 'A provider without redirect URIs keeps the first one that it is asked for.' },
  redirectUriTypes: { versions: '>=2026.5.0-rc1', evidence: 'recorded', boundary: 'documented', what: "Redirect URIs of type `logout` don't count at the authorization endpoint." },
  grantTypes: { versions: '>=2026.5.0', evidence: 'recorded', boundary: 'documented', what: 'Providers name the grants that they allow.' },
  // Metadata and every answer
  oauthMetadataPath: { versions: '>=2025.8.0', evidence: 'recorded', boundary: 'documented', what: "RFC 8414 metadata, with the issuer's path (and its slash) behind the well-known one." },
  logoutInMetadata: { versions: '>=2025.10.0', evidence: 'recorded', boundary: 'source', what: 'Four logout members in the metadata.' },
  dpopInMetadata: { versions: '>=2026.8.0', evidence: 'documented', boundary: 'documented', what: '`dpop_signing_alg_values_supported` in the metadata.' },
  contentLanguage: { versions: '>=2026.5.0-rc1', evidence: 'recorded', boundary: 'none', what: '`Accept-Language` in `Vary`, and `Content-Language`.' },
  // Authorization
  straightToFlow: { versions: '>=2026.5.0-rc1', evidence: 'recorded', boundary: 'none', what: 'A signed-out browser goes straight to the flow page, with the parameters of its request beside `next`.' },
  directRedirect: { versions: '>=2024.12.0', evidence: 'recorded', boundary: 'documented', what: 'The browser is sent to the client without passing the flow page, when nobody has to be asked.' },
  offlineAccessNeedsConsent: { versions: '<2025.2.3', evidence: 'source', boundary: 'documented', what: '`offline_access` asks for consent by itself. Gone in the recorded 2025.2.3, which had work of 2025.4 in it.' },
  uiLocales: { versions: '>=2025.10.0', evidence: 'recorded', boundary: 'documented', what: '`ui_locales` is heeded, and comes back to the client as `locale`.' },
  idTokenAlone: { versions: '>=2026.5.0-rc1', evidence: 'recorded', boundary: 'none', what: '`response_type=id_token` makes no access token besides.' },
  // Flows
  fullerChallenges: { versions: '>=2026.5.0-rc1', evidence: 'recorded', boundary: 'none', what: 'Challenges of a flow lead back to `next` when they are cancelled; that of the name says who is expected, and where the application is.' },
  nameErrorsOfForm: { versions: '>=2026.5.0-rc1', evidence: 'recorded', boundary: 'none', what: 'A sign-in without a name is answered "No identification data provided.", not as an error of the field.' },
  tellsConsentToken: { versions: '>=2026.5.0-rc1', evidence: 'recorded', boundary: 'none', what: 'A consent with an old token is refused in words; before, the challenge only came again.' },
  loginHint: { versions: '>=2026.2.0', evidence: 'recorded', boundary: 'documented', what: '`login_hint` is heeded: the sign-in knows the name.' },
  // Device grant
  deviceErrorsAsJson: { versions: '>=2026.5.0-rc1', evidence: 'recorded', boundary: 'none', what: 'The device endpoint says what is wrong in JSON that must not be kept; before, by an empty 400 or 429.' },
  deviceClientByBasic: { versions: '>=2025.12.5', evidence: 'recorded', boundary: 'documented', what: 'The device endpoint takes the client id from Basic credentials, too.' },
  deviceCodeDenied: { versions: '>=2025.2.0', evidence: 'recorded', boundary: 'none', what: 'A wrong user code ends on the page "Permission denied"; before, it is an error of the field.' },
  deviceExpiryChecked: { versions: '>=2026.5.0-rc1', evidence: 'recorded', boundary: 'none', what: 'An expired device code is worth nothing; before, it can be agreed to and redeemed until it is cleaned up.' },
  deviceExpiryToldApart: { versions: '>=2026.8.0', evidence: 'documented', boundary: 'documented', what: 'The poll with an expired device code is answered `expired_token`, not `invalid_grant`.' },
  deviceNeedsSecret: { versions: '>=2026.5.0', evidence: 'recorded', boundary: 'documented', what: 'Confidential clients show their secret when they poll for a device.' },
  deviceScopesClamped: { versions: '>=2025.12.5 <2026.2.0-0 || >=2026.5.0', evidence: 'documented', boundary: 'documented', what: 'A device gets scopes of its provider alone; before, whatever it asks for. The recorded 2026.5.0-rc1 did not have it yet.' },
  deviceRefreshByPoll: { versions: '<2024.12.0', evidence: 'source', boundary: 'none', what: 'Whether a device gets a refresh token depends on the scope of its poll, not of its first request.' },
  // Tokens
  scopeInTokenResponse: { versions: '>=2025.2.0', evidence: 'recorded', boundary: 'documented', what: '`scope` in token responses.' },
  scopeClaim: { versions: '>=2025.10.0', evidence: 'recorded', boundary: 'documented', what: '`scope` inside the access token.' },
  scopeClaimFromMapping: { versions: '>=2025.12.1', evidence: 'documented', boundary: 'documented', what: "A mapping's own `scope` wins over the granted one." },
  jti: { versions: '>=2026.5.0-rc1', evidence: 'recorded', boundary: 'none', what: '`jti` in both tokens.' },
  sid: { versions: '>=2024.12.0', evidence: 'recorded', boundary: 'source', what: '`sid` in both tokens: the hash of the session key.' },
  amr: { versions: '>=2024.10.0', evidence: 'recorded', boundary: 'source', what: '`amr` in tokens of the code grant.' },
  emailVerified: { versions: '<2025.10.0', evidence: 'recorded', boundary: 'documented', what: '`email_verified` is true, whatever the address.' },
  longKid: { versions: '>=2026.5.0-rc1', evidence: 'recorded', boundary: 'none', what: '`kid` is a SHA-512 in base64url (86 characters), not an MD5 in hex.' },
  // Token endpoint
  decodesBasic: { versions: '>=2026.5.0-rc1', evidence: 'recorded', boundary: 'none', what: 'The two parts of Basic credentials are percent-decoded.' },
  requestIdInErrors: { versions: '>=2025.10.0', evidence: 'recorded', boundary: 'none', what: 'OAuth errors carry `request_id`.' },
  refreshTokenThreshold: { versions: '>=2025.10.0', evidence: 'recorded', boundary: 'documented', what: 'With `refresh_token_threshold` a refresh token far from its end stays as it is.' },
  crashesWithoutKid: { versions: '<2026.5.0-rc1', evidence: 'recorded', boundary: 'none', what: 'An assertion of client_credentials that names no `kid` crashes the server.' },
  // Introspection and revocation
  publicClientsLearnNothing: { versions: '>=2026.5.0-rc1', evidence: 'recorded', boundary: 'none', what: "A public client's introspection is answered with `active: false`, even with the stored secret." },
  tokenExchange: { versions: '>=2026.8.0', evidence: 'documented', boundary: 'documented', what: 'The token endpoint exchanges tokens (RFC 8693), for providers that list the caller as federated.' },
  introspectsFederated: { versions: '>=2025.12.5', evidence: 'recorded', boundary: 'documented', what: 'Introspection tells of tokens of another provider, if one of the two lists the other as federated.' },
  publicClientsRevoke: { versions: '>=2025.2.0', evidence: 'recorded', boundary: 'documented', what: 'A public client may revoke by its id alone.' },
  revokesOwnTokensOnly: { versions: '>=2026.5.0-rc1', evidence: 'recorded', boundary: 'none', what: "Revocation leaves another client's token alone." },
  // Pages and records of the interface
  apiCharset: { versions: '<2026.5.0-rc1', evidence: 'recorded', boundary: 'none', what: 'Answers of the API name their charset.' },
  newBrandRecord: { versions: '>=2026.5.0-rc1', evidence: 'recorded', boundary: 'none', what: 'The record of the brand has themed URLs and flags, that of a person has roles.' },
  // Keys and the end of sessions
  endSessionRunsFlow: { versions: '>=2024.10.0', evidence: 'recorded', boundary: 'documented', what: "End-session runs the provider's invalidation flow; before, it shows a page on which the person decides." },
  endSessionByPost: { versions: '>=2026.5.0-rc1', evidence: 'recorded', boundary: 'documented', what: 'End-session takes POST, too.' },
  endSessionTrap: { versions: '>=2026.5.0-rc1', evidence: 'recorded', boundary: 'none', what: 'A browser in the middle of a flow gets an empty 200 of end-session, and nothing is done.' },
  verifiesIdTokenHint: { versions: '>=2026.5.0', evidence: 'source', boundary: 'source', what: 'End-session looks at `id_token_hint` (its expiry apart), and wants one before it follows `post_logout_redirect_uri`.' },
  encryptsTokens: { versions: '>=2024.10.0', evidence: 'recorded', boundary: 'documented', what: 'A provider may have a key that both tokens are encrypted to.' },
  deletedSessionEndsTokens: { versions: '>=2024.12.0', evidence: 'documented', boundary: 'documented', what: "The access tokens of a session die when an administrator deletes it; before, at the person's own sign-out alone." },
  backchannelLogout: { versions: '>=2025.8.0', evidence: 'recorded', boundary: 'documented', what: 'The end of a session is told to its clients at their logout URIs, server to server.' },
  logoutTokenExpires: { versions: '>=2025.10.0', evidence: 'recorded', boundary: 'documented', what: '`exp` in logout tokens, an hour after `iat`.' },
  logoutTokenType: { versions: '>=2025.12.2', evidence: 'recorded', boundary: 'documented', what: 'Logout tokens are of type `logout+jwt`; before, `JWT`.' },
  logoutAtDeactivation: { versions: '>=2026.8.0', evidence: 'documented', boundary: 'documented', what: 'Logout tokens go out when somebody is deactivated, too.' },
} as const satisfies Record<string, HabitRow>;

/** Name of something that differs by version. */
export type Habit = keyof typeof HABITS;

/** The habits of one version. */
export type Habits = Readonly<Record<Habit, boolean>>;

/**
 * @returns the full version, as semver writes it: `2026.8` is `2026.8.0`, `2024.8` is `2024.8.3`
 * @throws {AuthentikTestingError} not a version
 */
export function fullVersion(version: AuthentikVersion): string {
  const full = KNOWN_PATCH[version] ?? (/^\d+\.\d+$/.test(version) ? `${version}.0` : version);
  if (semver.valid(full) === null) {
    throw new AuthentikTestingError(
      'ERR_AUTHENTIK_TESTING_CONFIG',
      `'${version}' is not a version of Authentik. Write it as 2026.8, 2025.2.3 or 2026.5.0-rc1.`,
    );
  }
  return full;
}

/**
 * @returns for each habit whether this version has it
 * @throws {AuthentikTestingError} not a version
 */
export function habitsOf(version: AuthentikVersion): Habits {
  const full = fullVersion(version);
  return Object.fromEntries(
    Object.entries(HABITS).map(([habit, row]) => [
      habit,
      semver.satisfies(full, row.versions, { includePrerelease: true }),
    ]),
  ) as Record<Habit, boolean>;
}
