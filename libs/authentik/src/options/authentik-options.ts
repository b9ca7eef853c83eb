import type { AuthentikClaims } from '../protocol/claims.types.js';
import type { AuthentikUser } from '../protocol/user.js';
import type { KeyValueStore } from '../stores/key-value-store.js';
import type { AuthentikSessionOptions, OnLogin, OnLogout, ResolvedSessionOptions } from './session-options.js';

/** Values of `tokens.validation`. */
export const tokenValidations = ['local', 'introspect', 'local+introspect'] as const;
export type TokenValidation = (typeof tokenValidations)[number];

/** How access tokens are judged. */
export class AuthentikTokenOptions {
  /**
   * Who judges a token. `local`: its signature and claims; a token revoked in Authentik counts until it expires.
   * `introspect`: Authentik itself, asked with the client secret. `local+introspect`: both. Answers of Authentik are
   * kept for `introspectionTtlSeconds`. Tokens that are no signed JWT (opaque, encrypted) can only be introspected.
   * Default `local`.
   */
  validation?: TokenValidation = 'local';

  /** How long an answer of Authentik about a token counts, in seconds, 0 to 3600. Default 60. */
  introspectionTtlSeconds?: number = 60;

  /** How many verified tokens are remembered, by their hash; 0 for none. Default 10000. */
  cacheMaxEntries?: number = 10_000;

  /** Whether `user.claims` of remembered tokens keeps all claims; it costs about 1 KB a token. Default true. */
  keepClaims?: boolean = true;

  /**
   * Whether tokens signed with the client secret (HS256) count: those of a provider without "Signing Key". Everybody who
   * knows the secret can make them. Default false.
   */
  acceptHs256?: boolean = false;

  /** Allowed clock difference for `exp` and `nbf`, in seconds, 0 to 300. Default 30. */
  clockToleranceSeconds?: number = 30;

  /** How long known signing keys serve on while Authentik cannot be reached, in seconds. Default 3600. */
  staleKeysSeconds?: number = 3600;

  /**
   * With `redis`: how long tokens are judged on by what was known of revocations, in seconds, while Redis cannot be
   * reached; then they are answered 503. 0 to 3600. Default 60.
   */
  revocationStaleSeconds?: number = 60;

  /**
   * Whether UserInfo judges tokens that nobody else can: opaque and encrypted ones, where no application has a
   * `clientSecret` to introspect with. It proves that Authentik knows the token, not for whom it was issued: **a token of
   * any application of that Authentik counts here**, also of one whose users this application does not admit, with the
   * `sub` and the groups that its mappings write. Such a user has no `scopes`, so `@RequiredScopes` refuses, an empty
   * `clientId`, the kind `person`, and an `expiresAt` that is the end of `introspectionTtlSeconds`. The app's own
   * application is asked. A token that another way has refused never comes here. Default false.
   */
  dangerouslyAcceptUserInfo?: boolean = false;
}

/** What is used of a client that the package `redis` made with `createClient()`. */
export interface RedisClientSettings {
  duplicate(overrides?: object): unknown;
}

/** Where processes of the same app meet. */
export class AuthentikRedisOptions {
  /** `redis[s]://[[username][:password]@]host[:port][/database]`. Either this or `client`. */
  url?: string;

  /**
   * A client of the package `redis`, for what a URL cannot say. Its settings are copied for two connections of our own;
   * it is neither used nor closed, and need not be connected.
   */
  client?: RedisClientSettings;

  /**
   * Before each key and channel. Processes with the same prefix are one app. Default `authentik:<applicationSlug>:`.
   */
  keyPrefix?: string;
}

/** Another application of the same Authentik whose tokens count here, for example that of a mobile app. */
export class TrustedApplicationOptions {
  /** Slug of that application. Its tokens come from the issuer `<url>/application/o/<applicationSlug>/`. */
  applicationSlug!: string;

  /** Client ID of its OAuth2 provider. Its tokens must have it as `azp`. */
  clientId!: string;

  /** Client secret of its provider, where it is confidential. Not needed to verify tokens. */
  clientSecret?: string;

  /** `aud` of its tokens, where a property mapping sets another. Default: its `clientId`. */
  audience?: string;
}

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

/** An application whose tokens count, after checks and defaults. Frozen; the client secret is not enumerable. */
export interface AuthentikApplication {
  readonly applicationSlug: string;
  /** With its final slash, compared byte for byte. */
  readonly issuer: string;
  /** Where its metadata is, whatever its issuer: `<url>/application/o/<applicationSlug>/`. */
  readonly baseUrl: string;
  readonly clientId: string;
  readonly audience: string;
  readonly clientSecret?: string;
}

/** Where processes meet, after checks and defaults. Frozen; `url` and `client` are not enumerable, for secrets in them. */
export interface ResolvedRedisOptions {
  readonly url?: string;
  readonly client?: RedisClientSettings;
  readonly keyPrefix: string;
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
