import semver from 'semver';
import { AuthentikTestingError } from './errors.js';

/** Versions of Authentik that the emulator is held to; any other release is compared with the ranges of {@link HABITS}. */
export type AuthentikVersion = '2024.8' | '2025.2' | '2025.10' | '2026.5.0-rc1' | '2026.5' | '2026.8' | (string & {});

/** Emulated when nothing else is asked for. */
export const DEFAULT_VERSION: AuthentikVersion = '2026.8';

/** Two short names stand for the patch release whose behaviour is known; others mean their `.0`. */
const KNOWN_PATCH: Readonly<Record<string, string>> = { '2024.8': '2024.8.3', '2025.2': '2025.2.3' };

/** How a habit is known. `recorded`: `recordings/` hold it; `source`: read in Authentik's source; `documented`: its docs or notes. */
export type Evidence = 'recorded' | 'source' | 'documented';

interface HabitRow {
  /** Versions that have it, as a semver range; pre-releases count. */
  readonly versions: string;
  readonly evidence: Evidence;
}

/**
 * Everything that Authentik does differently from version to version: habit by versions that have it. A new release is
 * a new range here. What all versions do alike stands in the endpoints.
 */
export const HABITS = {
  /** Redirect URIs are entries with a mode. Before, each entry is tried as an expression, whatever it looks like. */
  redirectUriModes: { versions: '>=2024.8.5', evidence: 'source' },
  /** A provider without redirect URIs keeps the first one that it is asked for. Ended by a patch in the 2025.12 line. */
  learnsFirstRedirectUri: { versions: '<2025.12.5 || >=2026.2.0-0 <2026.5.0', evidence: 'recorded' },
  /** Entries of type `logout` don't count at the authorization endpoint. */
  redirectUriTypes: { versions: '>=2026.5.0-rc1', evidence: 'recorded' },
  /** Providers name the grants that they allow. */
  grantTypes: { versions: '>=2026.5.0', evidence: 'recorded' },
  /** RFC 8414 metadata with the issuer's path behind the well-known one. */
  oauthMetadataPath: { versions: '>=2025.8.0', evidence: 'recorded' },
  /** Four logout members in the metadata. */
  logoutInMetadata: { versions: '>=2025.10.0', evidence: 'recorded' },
  /** `dpop_signing_alg_values_supported` in the metadata. */
  dpopInMetadata: { versions: '>=2026.8.0', evidence: 'documented' },
  /** `Accept-Language` in `Vary`, and `Content-Language`. */
  contentLanguage: { versions: '>=2026.5.0-rc1', evidence: 'recorded' },
  /** A signed-out browser goes straight to the flow page, with the parameters of its request beside `next`. */
  straightToFlow: { versions: '>=2026.5.0-rc1', evidence: 'recorded' },
  /** The browser is sent to the client without passing the flow page, when nobody has to be asked. */
  directRedirect: { versions: '>=2024.12.0', evidence: 'recorded' },
  /** `offline_access` asks for consent by itself. */
  offlineAccessNeedsConsent: { versions: '<2025.2.3', evidence: 'source' },
  /** `ui_locales` is heeded, and comes back to the client as `locale`. */
  uiLocales: { versions: '>=2025.10.0', evidence: 'recorded' },
  /** `response_type=id_token` makes no access token besides. */
  idTokenAlone: { versions: '>=2026.5.0-rc1', evidence: 'recorded' },
  /** `scope` in token responses. */
  scopeInTokenResponse: { versions: '>=2025.2.0', evidence: 'recorded' },
  /** `scope` inside the access token. */
  scopeClaim: { versions: '>=2025.10.0', evidence: 'recorded' },
  /** A mapping's own `scope` wins over the granted one. */
  scopeClaimFromMapping: { versions: '>=2025.12.1', evidence: 'documented' },
  /** `jti` in both tokens; the first release that has it is not known. */
  jti: { versions: '>=2026.5.0-rc1', evidence: 'recorded' },
  /** `sid`: the hash of the session key. */
  sid: { versions: '>=2024.12.0', evidence: 'recorded' },
  /** `amr` in tokens of the code grant. */
  amr: { versions: '>=2024.10.0', evidence: 'recorded' },
  /** `email_verified` is true whatever the address. */
  emailVerified: { versions: '<2025.10.0', evidence: 'recorded' },
  /** `kid` is a base64url SHA-512 (86 characters), not an MD5 in hex. */
  longKid: { versions: '>=2026.5.0-rc1', evidence: 'recorded' },
  /** The two parts of Basic credentials are percent-decoded. */
  decodesBasic: { versions: '>=2026.5.0-rc1', evidence: 'recorded' },
  /** OAuth errors carry `request_id`. */
  requestIdInErrors: { versions: '>=2025.10.0', evidence: 'recorded' },
  /** With `refresh_token_threshold` a refresh token far from its end stays as it is. */
  refreshTokenThreshold: { versions: '>=2025.10.0', evidence: 'recorded' },
  /** A public client's introspection is answered with `active: false` even with the stored secret. */
  publicClientsLearnNothing: { versions: '>=2026.5.0-rc1', evidence: 'recorded' },
  /** Introspection tells of tokens of providers that list the asking one as federated. */
  introspectsFederated: { versions: '>=2025.12.5', evidence: 'recorded' },
  /** A public client may revoke by its id alone. */
  publicClientsRevoke: { versions: '>=2025.2.0', evidence: 'recorded' },
  /** An assertion of client_credentials that names no `kid` crashes the server. */
  crashesWithoutKid: { versions: '<2026.5.0-rc1', evidence: 'recorded' },
  /** Revocation leaves another client's token alone. */
  revokesOwnTokensOnly: { versions: '>=2026.5.0-rc1', evidence: 'recorded' },
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
