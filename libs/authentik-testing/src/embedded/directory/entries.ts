import type { JSONWebKeySet } from 'jose';
import type { GrantType, PolicyBindingOptions, SubMode } from './options.js';
import type { RedirectUri } from './redirect-uris.js';
import type { SigningKey } from './signing-key.js';

/** Gives the claims of one scope for one person. May throw. */
export type ScopeMapping = (user: User, application: Application | undefined) => unknown;

/** A person or a service account. Mutable: what tokens say is computed when it is asked. */
export interface User {
  /** Authentik's database number. */
  readonly pk: number;
  readonly uuid: string;
  /** SHA-256 over number and installation, in hex: `sub` of the default mode, equal for all providers. */
  readonly uid: string;
  readonly username: string;
  name: string;
  email: string;
  readonly groups: Set<string>;
  readonly attributes: Record<string, unknown>;
  password: string;
  /** Tokens of the kind "app password": for machines, never at the sign-in page. */
  readonly appPasswords: Set<string>;
  isActive: boolean;
  isSuperuser: boolean;
}

/** An OAuth2 provider. Mutable, since administrators change them while they are in use. */
export interface Provider {
  readonly name: string;
  readonly clientId: string;
  clientSecret: string;
  clientType: 'public' | 'confidential';
  redirectUris: RedirectUri[];
  scopeMappings: Map<string, ScopeMapping>;
  /** Undefined: HS256 with the client secret. Making one starts with the server and is awaited where it is needed. */
  signingKey: Promise<SigningKey> | undefined;
  /** Tokens are encrypted to it, if there is one (2024.10+). */
  encryptionKey: Promise<SigningKey> | undefined;
  consent: 'implicit' | 'explicit';
  subMode: SubMode;
  issuerMode: 'per_provider' | 'global';
  includeClaimsInIdToken: boolean;
  accessCodeValiditySeconds: number;
  accessTokenValiditySeconds: number;
  refreshTokenValiditySeconds: number;
  refreshTokenThresholdSeconds: number;
  refreshRaceMs: number;
  grantTypes: ReadonlySet<GrantType>;
  logoutUri: string | undefined;
  logoutMethod: 'backchannel' | 'frontchannel';
  /** The second one signs people out. */
  invalidationFlow: 'default-provider-invalidation-flow' | 'default-invalidation-flow';
  /** Client ids of providers whose access tokens count as assertions here. */
  federatedProviders: ReadonlySet<string>;
  /** Keys of a federated source, whose JWTs count as assertions here. */
  federatedKeys: JSONWebKeySet | undefined;
  /** Set when an application has it. */
  application?: Application;
}

/** An application. */
export interface Application {
  readonly slug: string;
  readonly name: string;
  readonly provider?: Provider;
  bindings: PolicyBindingOptions[];
  entitlements: Readonly<Record<string, readonly string[]>>;
}
