import type { AuthentikClaims } from '../protocol/claims.types.js';
import type { AuthentikUser } from '../protocol/user.js';
import type { KeyValueStore } from '../stores/key-value-store.js';
import type { AuthentikApplication, TrustedApplicationOptions } from './application-options.js';
import type { AuthentikRedisOptions, ResolvedRedisOptions } from './redis-options.js';
import type { AuthentikSessionOptions, OnLogin, OnLogout, ResolvedSessionOptions } from './session-options.js';
import type { AuthentikTokenOptions } from './token-options.js';

/** Ways to send a client secret. */
export const tokenEndpointAuthMethods = ['client_secret_post', 'client_secret_basic'] as const;
export type TokenEndpointAuthMethod = (typeof tokenEndpointAuthMethods)[number];

/** Values of the provider's field "Issuer mode", as Authentik's API writes them. */
export const issuerModes = ['per_provider', 'global'] as const;
export type IssuerMode = (typeof issuerModes)[number];

/** Levels of Nest's logger, from the quietest. */
export const authentikLogLevels = ['error', 'warn', 'log', 'debug', 'verbose'] as const;
export type AuthentikLogLevel = (typeof authentikLogLevels)[number];

/**
 * What the app says about Authentik and about itself. Every mistake stops the start, all of them in one
 * {@link AuthentikConfigError}.
 */
export class AuthentikOptions {
  /** Where Authentik is, as browsers reach it: `https://auth.example.com`, with its path if it has one. */
  url!: string;

  /**
   * Where this process reaches Authentik, when that is another address than `url`: `http://authentik-server:9000`, with
   * the same path. Requests go there with the host and scheme of `url`, because Authentik derives its issuer from them.
   * Default: `url`.
   */
  internalUrl?: string;

  /**
   * Slug of the **application** in Authentik, not the name of its provider. The issuer is
   * `<url>/application/o/<applicationSlug>/`.
   */
  applicationSlug!: string;

  /**
   * "Issuer mode" of the provider: `per_provider` ("Each provider has a different issuer") or `global` ("Same identifier
   * is used for all providers"). Default `per_provider`.
   */
  issuerMode?: IssuerMode = 'per_provider';

  /** Client ID of the application's OAuth2 provider. Tokens must have it as `aud` and `azp`. */
  clientId!: string;

  /** Client secret of a confidential provider. Not needed to verify tokens. */
  clientSecret?: string;

  /** How the client secret is sent to Authentik, in the words of RFC 7591. Default `client_secret_post`. */
  tokenEndpointAuthMethod?: TokenEndpointAuthMethod = 'client_secret_post';

  /**
   * Where our clients reach us, as an origin: `https://reports.example.com`. Resource identifiers and metadata URLs
   * derive from it, never from the `Host` header.
   */
  publicUrl!: string;

  /**
   * Scopes that clients are told to ask for, and that sign-ins here ask for. Challenges leave out `offline_access`, which
   * clients add by themselves; sign-ins do without `session.keepTokens`. Default `openid profile email offline_access`;
   * groups come with `profile`.
   */
  scopes?: string[] = ['openid', 'profile', 'email', 'offline_access'];

  /** Longest wait for one answer of Authentik, in milliseconds, 100 to 60000. Default 5000. */
  timeoutMs?: number = 5000;

  /** How access tokens are judged. */
  tokens?: AuthentikTokenOptions;

  /**
   * A Redis 6.2 or later for what the processes of this app have to know of each other. Needs the package `redis`.
   * Default: none, each process for itself.
   */
  redis?: AuthentikRedisOptions;

  /**
   * Instead of `redis`: a store in another database, or of another client. It has to keep the contract of
   * `nestjs-authentik-testing/contracts`, puts its own prefix before keys and channels, and is closed with the app.
   * Default: in Redis where `redis` is given, else in this process.
   */
  store?: KeyValueStore;

  /**
   * More applications whose tokens count here. A token's `iss` picks the application byte for byte, and its `aud` and
   * `azp` must be that application's; with one issuer for all, `azp` picks. Tokens of any other are refused. Default none.
   */
  trustedApplications?: TrustedApplicationOptions[];

  /**
   * Groups of which a user must be in at least one to use this app at all, besides what the handlers ask for. They come
   * with the scope `profile`. Default: any user of the application.
   */
  allowedGroups?: string[];

  /**
   * Called once a request with the verified user: returns the user that guards and `@CurrentUser()` see. What it throws
   * is a 403, with its message in the log only. Groups that it knows from elsewhere are known where it says so:
   * `{ ...user, groups, groupsKnown: true }`.
   */
  mapUser?: (user: AuthentikUser, claims: AuthentikClaims) => AuthentikUser | Promise<AuthentikUser>;

  /** Browser sessions. Needed with the feature `session`. */
  session?: AuthentikSessionOptions;

  /** Called with everybody who signs in. See {@link OnLogin}. */
  onLogin?: OnLogin;

  /** Called when a session has ended. See {@link OnLogout}. */
  onLogout?: OnLogout;

  /** How much this library logs. Every refusal is one line at `log`; at `debug` who judged and why. Default `log`. */
  logLevel?: AuthentikLogLevel = 'log';

  /**
   * Serves a copy of Authentik's metadata at `/.well-known/oauth-authorization-server`, for MCP clients from before
   * RFC 9728. Its `issuer` cannot match its address, which newer clients refuse. Default false.
   */
  legacyMetadata?: boolean = false;

  /**
   * Allows plain http for `url` and `publicUrl` outside loopback. Tokens then cross the network readable by anybody on
   * the way. Default false.
   */
  dangerouslyAllowHttp?: boolean = false;
}

/** The options after checks and defaults. Frozen; the client secret is not enumerable, so it shows in no dump. */
export interface ResolvedAuthentikOptions {
  readonly url: string;
  readonly internalUrl?: string;
  readonly issuerMode: IssuerMode;
  /** `<url>/application/o/<applicationSlug>/`, or `<url>/` with one issuer for all; compared byte for byte. */
  readonly issuer: string;
  readonly applicationSlug: string;
  readonly clientId: string;
  readonly clientSecret?: string;
  /** All whose tokens count; the app's own comes first. */
  readonly applications: readonly [own: AuthentikApplication, ...trusted: AuthentikApplication[]];
  readonly tokenEndpointAuthMethod: TokenEndpointAuthMethod;
  readonly legacyMetadata: boolean;
  readonly publicUrl: string;
  readonly scopes: readonly string[];
  readonly timeoutMs: number;
  readonly tokens: Readonly<Required<AuthentikTokenOptions>>;
  readonly redis?: ResolvedRedisOptions;
  readonly store?: KeyValueStore;
  readonly allowedGroups?: readonly string[];
  readonly mapUser?: NonNullable<AuthentikOptions['mapUser']>;
  readonly session?: ResolvedSessionOptions;
  readonly onLogin?: OnLogin;
  readonly onLogout?: OnLogout;
  readonly logLevel: AuthentikLogLevel;
  readonly dangerouslyAllowHttp: boolean;
}

/** For `forRootAsync({ useClass })` and `useExisting`. */
export interface AuthentikOptionsFactory {
  createAuthentikOptions(): AuthentikOptions | Promise<AuthentikOptions>;
}

/** What `AUTHENTIK_OPTIONS_OVERRIDE` provides: takes the options of the app, gives those that count. */
export type AuthentikOptionsOverride = (options: AuthentikOptions) => AuthentikOptions | Promise<AuthentikOptions>;
