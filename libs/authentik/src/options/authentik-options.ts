import type { AuthentikClaims } from '../protocol/claims.types.js';
import type { AuthentikUser } from '../protocol/user.js';

/** How access tokens are judged. */
export class AuthentikTokenOptions {
  /** Allowed clock difference for `exp` and `nbf`, in seconds, 0 to 300. Default 30. */
  clockToleranceSeconds?: number = 30;

  /** How long known signing keys serve on while Authentik cannot be reached, in seconds. Default 3600. */
  staleKeysSeconds?: number = 3600;
}

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
   * Slug of the **application** in Authentik, not the name of its provider. The issuer is
   * `<url>/application/o/<applicationSlug>/`.
   */
  applicationSlug!: string;

  /** Client ID of the application's OAuth2 provider. Tokens must have it as `aud` and `azp`. */
  clientId!: string;

  /** Client secret of a confidential provider. Not needed to verify tokens. */
  clientSecret?: string;

  /**
   * Where our clients reach us, as an origin: `https://reports.example.com`. Resource identifiers and metadata URLs
   * derive from it, never from the `Host` header.
   */
  publicUrl!: string;

  /** Scopes that clients are told to ask for. Default `openid profile email offline_access`; groups come with `profile`. */
  scopes?: string[] = ['openid', 'profile', 'email', 'offline_access'];

  /** Longest wait for one answer of Authentik, in milliseconds, 100 to 60000. Default 5000. */
  timeoutMs?: number = 5000;

  /** How access tokens are judged. */
  tokens?: AuthentikTokenOptions;

  /**
   * Groups of which a user must be in at least one to use this app at all, besides what the handlers ask for. They come
   * with the scope `profile`. Default: any user of the application.
   */
  allowedGroups?: string[];

  /**
   * Called once a request with the verified user: returns the user that guards and `@CurrentUser()` see. What it throws
   * is a 403, with its message in the log only.
   */
  mapUser?: (user: AuthentikUser, claims: AuthentikClaims) => AuthentikUser | Promise<AuthentikUser>;

  /** How much this library logs. Every refusal is one line at `log`; at `debug` who judged and why. Default `log`. */
  logLevel?: AuthentikLogLevel = 'log';

  /**
   * Allows plain http for `url` and `publicUrl` outside loopback. Tokens then cross the network readable by anybody on
   * the way. Default false.
   */
  dangerouslyAllowHttp?: boolean = false;
}

/** The options after checks and defaults. Frozen; the client secret is not enumerable, so it shows in no dump. */
export interface ResolvedAuthentikOptions {
  readonly url: string;
  /** `<url>/application/o/<applicationSlug>/`, with its final slash, compared byte for byte. */
  readonly issuer: string;
  readonly applicationSlug: string;
  readonly clientId: string;
  readonly clientSecret?: string;
  readonly publicUrl: string;
  readonly scopes: readonly string[];
  readonly timeoutMs: number;
  readonly tokens: { readonly clockToleranceSeconds: number; readonly staleKeysSeconds: number };
  readonly allowedGroups?: readonly string[];
  readonly mapUser?: NonNullable<AuthentikOptions['mapUser']>;
  readonly logLevel: AuthentikLogLevel;
  readonly dangerouslyAllowHttp: boolean;
}

/** For `forRootAsync({ useClass })` and `useExisting`. */
export interface AuthentikOptionsFactory {
  createAuthentikOptions(): AuthentikOptions | Promise<AuthentikOptions>;
}
