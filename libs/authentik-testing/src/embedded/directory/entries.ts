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

/** An OAuth2 provider. */
export interface Provider {
  readonly name: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly clientType: 'public' | 'confidential';
  redirectUris: RedirectUri[];
  readonly scopeMappings: Map<string, ScopeMapping>;
  /** Undefined: HS256 with the client secret. Making one starts with the server and is awaited where it is needed. */
  signingKey: Promise<SigningKey> | undefined;
  readonly consent: 'implicit' | 'explicit';
  readonly subMode: SubMode;
  readonly issuerMode: 'per_provider' | 'global';
  readonly includeClaimsInIdToken: boolean;
  readonly accessCodeValiditySeconds: number;
  readonly accessTokenValiditySeconds: number;
  readonly refreshTokenValiditySeconds: number;
  readonly refreshTokenThresholdSeconds: number;
  readonly grantTypes: ReadonlySet<GrantType>;
  /** Client ids of providers whose access tokens count as assertions here. */
  readonly federatedProviders: ReadonlySet<string>;
  /** Keys of a federated source, whose JWTs count as assertions here. */
  readonly federatedKeys: JSONWebKeySet | undefined;
  /** Set when an application has it. */
  application?: Application;
}

/** An application. */
export interface Application {
  readonly slug: string;
  readonly name: string;
  readonly provider?: Provider;
  readonly bindings: PolicyBindingOptions[];
  readonly entitlements: Readonly<Record<string, readonly string[]>>;
}
