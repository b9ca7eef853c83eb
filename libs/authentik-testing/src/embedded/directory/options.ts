import type { JSONWebKeySet } from 'jose';
import type { RedirectUri } from './redirect-uris.js';

/** A person, or a service account, in the embedded Authentik. */
export interface EmbeddedUserOptions {
  readonly username: string;
  /** Full name. Default: the username with a capital. */
  readonly name?: string;
  /** Default `<username>@example.test`. */
  readonly email?: string;
  /** Names of groups; made if missing. Default none. */
  readonly groups?: readonly string[];
  /** Free attributes; `upn` is what `subMode: 'user_upn'` reads. */
  readonly attributes?: Readonly<Record<string, unknown>>;
  /** Default: the one password of all. */
  readonly password?: string;
  /** App passwords, with which machines act as this user. Default none. */
  readonly appPasswords?: readonly string[];
  /** Default true. */
  readonly isActive?: boolean;
}

/** How `sub` is made. */
export type SubMode = 'hashed_user_id' | 'user_id' | 'user_uuid' | 'user_username' | 'user_email' | 'user_upn';

/** Grants that a provider may name (2026.5+). */
export type GrantType =
  | 'authorization_code'
  | 'implicit'
  | 'hybrid'
  | 'refresh_token'
  | 'client_credentials'
  | 'password'
  | 'urn:ietf:params:oauth:grant-type:device_code'
  | 'urn:ietf:params:oauth:grant-type:token-exchange';

/** Claims of a custom scope mapping. Throwing, or giving no object, means no claims: Authentik skips such mappings. */
export type ScopeMappingClaims =
  Readonly<Record<string, unknown>> | ((user: { username: string; groups: readonly string[] }) => unknown);

/** Who may use an application. Without any binding: everyone. */
export interface PolicyBindingOptions {
  /** Members of this group; or */
  readonly group?: string;
  /** this one person; or */
  readonly username?: string;
  /** whoever this policy lets pass. What it has to say about a refusal is shown to nobody, as in Authentik. */
  readonly policy?: (user: { readonly username: string; readonly groups: readonly string[] }) => boolean;
  /** Default false. */
  readonly negate?: boolean;
  /** Default true. */
  readonly enabled?: boolean;
}

/** An OAuth2 provider that no application has: no issuer, no metadata, and nobody may use it. */
export interface EmbeddedProviderOptions extends Omit<
  EmbeddedApplicationOptions,
  'slug' | 'clientId' | 'withProvider'
> {
  readonly clientId: string;
}

/** What an administrator may change while the server runs. What is not named stays as it is. */
export type EmbeddedApplicationChanges = Partial<
  Omit<EmbeddedApplicationOptions, 'slug' | 'clientId' | 'name' | 'withProvider'>
>;

/** An application and its OAuth2 provider. Not listed fields have Authentik's own defaults, unless said otherwise. */
export interface EmbeddedApplicationOptions {
  /** Part of the issuer: `<url>/application/o/<slug>/`. Letters, digits, `-`, `_`. */
  readonly slug: string;
  /** Shown on the consent page. Default: the slug. */
  readonly name?: string;
  /** Default: the slug. */
  readonly clientId?: string;
  /** Default `confidential` if there is a `clientSecret`, else `public`. */
  readonly clientType?: 'public' | 'confidential';
  /** Default: random. */
  readonly clientSecret?: string;
  /** A string is a strict entry. Default: loopback with any port and path, and the callbacks of common MCP clients. */
  readonly redirectUris?: readonly (string | RedirectUri)[];
  /** Scope mappings attached to the provider. Default `openid profile email offline_access`. */
  readonly scopes?: readonly string[];
  /** Custom scope mappings by scope name, attached as well. */
  readonly scopeMappings?: Readonly<Record<string, ScopeMappingClaims>>;
  /** `HS256` is a provider without signing key: the client secret signs and the key set is empty. Default `RS256`. */
  readonly signing?: 'RS256' | 'ES256' | 'HS256';
  /** Encrypts both tokens to a key of the provider's own (2024.10+), so that only who has it can read them. Default false. */
  readonly encrypted?: boolean;
  /** `explicit` asks each person once in four weeks. Default `implicit`: nobody is asked. */
  readonly consent?: 'implicit' | 'explicit';
  /** Default `hashed_user_id`. */
  readonly subMode?: SubMode;
  /** `global`: all such providers share the issuer `<url>/`. Default `per_provider`. */
  readonly issuerMode?: 'per_provider' | 'global';
  /** False takes the mappings' claims out of both tokens; userinfo keeps them. Default true. */
  readonly includeClaimsInIdToken?: boolean;
  /** Default `minutes=1`. */
  readonly accessCodeValidity?: string;
  /** Default `hours=1`. */
  readonly accessTokenValidity?: string;
  /** Default `days=30`. */
  readonly refreshTokenValidity?: string;
  /** Remaining life below which a refresh token is replaced (2025.10+). Default `seconds=0`: always. */
  readonly refreshTokenThreshold?: string;
  /**
   * How long a replaced refresh token still wins, in milliseconds. A running server has no such rule, but answers requests
   * of the same instant side by side: then all of them may win. Default 0: exactly one does.
   */
  readonly refreshRaceMs?: number;
  /** Grants allowed (2026.5+). Default: all; a real provider made by the API without the field has none. */
  readonly grantTypes?: readonly GrantType[];
  /** Client ids of applications whose access tokens count as assertions of client_credentials here. Default none. */
  readonly federatedProviders?: readonly string[];
  /** Public keys, each with a `kid`, whose JWTs count as assertions of client_credentials here. Default none. */
  readonly federatedKeys?: JSONWebKeySet;
  /** False: an application that is a link only, without an OAuth2 provider. Default true. */
  readonly withProvider?: boolean;
  /** Where the end of a session is told to (2025.8+). Default: nowhere. */
  readonly logoutUri?: string;
  /** `backchannel`: this server posts a logout token; `frontchannel`: the browser opens it. Default `backchannel`. */
  readonly logoutMethod?: 'backchannel' | 'frontchannel';
  /** Flow that ends a visit at end-session (2024.10+). Default `default-provider-invalidation-flow`: the session goes on. */
  readonly invalidationFlow?: 'default-provider-invalidation-flow' | 'default-invalidation-flow';
  /** Who may use it. Default: everyone. */
  readonly bindings?: readonly PolicyBindingOptions[];
  /** Entitlements and the groups that have them, for the scope `entitlements`. */
  readonly entitlements?: Readonly<Record<string, readonly string[]>>;
}
