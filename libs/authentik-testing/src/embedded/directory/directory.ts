import { createHash, randomUUID } from 'node:crypto';
import { AuthentikTestingError, UnknownNameError } from '../errors.js';
import { randomLettersAndDigits } from '../random.js';
import type { Habits } from '../versions.js';
import { durationSeconds } from './duration.js';
import type { Application, Provider, User } from './entries.js';
import type {
  EmbeddedApplicationChanges,
  EmbeddedApplicationOptions,
  EmbeddedProviderOptions,
  EmbeddedUserOptions,
  GrantType,
  PolicyBindingOptions,
} from './options.js';
import { customMapping, managedMapping } from './scope-mappings.js';
import { DEFAULT_REDIRECT_URIS, DEFAULT_SCOPES } from './seed.js';
import { generateSigningKey, type SigningAlgorithm, type SigningKey } from './signing-key.js';

const ALL_GRANTS: readonly GrantType[] = [
  'authorization_code',
  'implicit',
  'hybrid',
  'refresh_token',
  'client_credentials',
  'password',
  'urn:ietf:params:oauth:grant-type:device_code',
  'urn:ietf:params:oauth:grant-type:token-exchange',
];

/** Members of it may do everything. */
const ADMIN_GROUP = 'authentik Admins';

/** Slugs that Authentik keeps for its own paths. */
const RESERVED_SLUGS = new Set(['authorize', 'token', 'device', 'userinfo', 'introspect', 'revoke']);

/** Everything that an administrator would set up: people, groups, applications, providers, keys. */
export class Directory {
  readonly users = new Map<string, User>();
  readonly applications = new Map<string, Application>();
  readonly providers = new Map<string, Provider>();
  readonly #options = new Map<Provider, EmbeddedProviderOptions>();
  #latestPk = 0;
  readonly #installationId = randomUUID();
  /** One key per algorithm for all providers, as the one self-signed certificate of a new Authentik. */
  readonly #keys = new Map<SigningAlgorithm, Promise<SigningKey>>();

  constructor(
    private readonly habits: Habits,
    private readonly password: string,
    private readonly modulusLength?: 2048 | 4096,
  ) {}

  addUser(options: EmbeddedUserOptions): User {
    if (options.username === '' || this.users.has(options.username)) {
      throw new AuthentikTestingError(
        'ERR_AUTHENTIK_TESTING_CONFIG',
        `The username '${options.username}' is empty or taken twice.`,
      );
    }
    this.#latestPk += 1;
    const pk = this.#latestPk;
    const user: User = {
      pk,
      uuid: randomUUID(),
      uid: createHash('sha256').update(`${pk}-${this.#installationId}`).digest('hex'),
      username: options.username,
      name: options.name ?? options.username.charAt(0).toUpperCase() + options.username.slice(1),
      email: options.email ?? `${options.username}@example.test`,
      groups: new Set(options.groups),
      attributes: { ...options.attributes },
      password: options.password ?? this.password,
      appPasswords: new Set(options.appPasswords),
      isActive: options.isActive ?? true,
      isSuperuser: options.groups?.includes(ADMIN_GROUP) ?? false,
    };
    this.users.set(user.username, user);
    return user;
  }

  /** @throws {UnknownNameError} nobody has that name */
  setGroups(username: string, groups: readonly string[]): void {
    const user = this.user(username);
    user.groups.clear();
    for (const group of groups) user.groups.add(group);
    user.isSuperuser = user.groups.has(ADMIN_GROUP);
  }

  addApplication(options: EmbeddedApplicationOptions): Application {
    const { slug } = options;
    const clientId = options.clientId ?? slug;
    if (!/^[-a-zA-Z0-9_]+$/.test(slug) || RESERVED_SLUGS.has(slug) || this.applications.has(slug)) {
      throw new AuthentikTestingError(
        'ERR_AUTHENTIK_TESTING_CONFIG',
        `The application slug '${slug}' is reserved, taken twice, or holds more than letters, digits, '-' and '_'.`,
      );
    }
    const provider =
      options.withProvider === false
        ? undefined
        : this.addProvider({ ...options, name: options.name ?? slug, clientId });
    const application: Application = {
      slug,
      name: options.name ?? slug,
      ...(provider !== undefined && { provider }),
      bindings: [...(options.bindings ?? [])],
      entitlements: options.entitlements ?? {},
    };
    if (provider !== undefined) provider.application = application;
    this.applications.set(slug, application);
    return application;
  }

  /** A provider that no application has yet. */
  addProvider(options: EmbeddedProviderOptions): Provider {
    const { clientId } = options;
    if (this.providers.has(clientId)) {
      throw new AuthentikTestingError('ERR_AUTHENTIK_TESTING_CONFIG', `The client id '${clientId}' is taken twice.`);
    }
    const provider = this.#provider(options);
    this.#options.set(provider, options);
    this.providers.set(clientId, provider);
    return provider;
  }

  /**
   * Changes an application and its provider. The key changes if `signing` or `encrypted` is among the changes.
   * @throws {UnknownNameError} no application has that slug, or it has no provider
   */
  update(slug: string, changes: EmbeddedApplicationChanges): void {
    const provider = this.provider(slug);
    const { application, signingKey, encryptionKey, clientSecret } = provider;
    const options = { clientSecret, ...this.#options.get(provider), clientId: provider.clientId, ...changes };
    const { clientType } = provider;
    Object.assign(provider, this.#provider({ clientType, ...options }));
    if (changes.signing === undefined) provider.signingKey = signingKey;
    if (changes.encrypted === undefined) provider.encryptionKey = encryptionKey;
    this.#options.set(provider, options);
    if (application === undefined) return;
    if (changes.bindings !== undefined) application.bindings = [...changes.bindings];
    if (changes.entitlements !== undefined) application.entitlements = changes.entitlements;
  }

  #provider(options: EmbeddedProviderOptions): Provider {
    const signing = options.signing ?? 'RS256';
    const encrypted = options.encrypted === true && this.habits.encryptsTokens;
    return {
      name: options.name ?? options.clientId,
      clientId: options.clientId,
      clientSecret: options.clientSecret ?? randomLettersAndDigits(128),
      clientType: options.clientType ?? (options.clientSecret === undefined ? 'public' : 'confidential'),
      redirectUris: (options.redirectUris ?? DEFAULT_REDIRECT_URIS).map((entry) =>
        typeof entry === 'string' ? { matchingMode: 'strict', url: entry } : entry,
      ),
      scopeMappings: new Map([
        ...(options.scopes ?? DEFAULT_SCOPES).map((scope) => [scope, managedMapping(scope, this.habits)] as const),
        ...Object.entries(options.scopeMappings ?? {}).map(
          ([scope, claims]) => [scope, customMapping(claims)] as const,
        ),
      ]),
      signingKey: signing === 'HS256' ? undefined : this.#key(signing),
      encryptionKey: encrypted ? this.#newKey('RS256') : undefined,
      consent: options.consent ?? 'implicit',
      subMode: options.subMode ?? 'hashed_user_id',
      issuerMode: options.issuerMode ?? 'per_provider',
      includeClaimsInIdToken: options.includeClaimsInIdToken ?? true,
      accessCodeValiditySeconds: durationSeconds(options.accessCodeValidity ?? 'minutes=1'),
      accessTokenValiditySeconds: durationSeconds(options.accessTokenValidity ?? 'hours=1'),
      refreshTokenValiditySeconds: durationSeconds(options.refreshTokenValidity ?? 'days=30'),
      refreshTokenThresholdSeconds: durationSeconds(options.refreshTokenThreshold ?? 'seconds=0'),
      refreshRaceMs: options.refreshRaceMs ?? 0,
      grantTypes: new Set(options.grantTypes ?? ALL_GRANTS),
      logoutUri: options.logoutUri,
      logoutMethod: options.logoutMethod ?? 'backchannel',
      invalidationFlow: options.invalidationFlow ?? 'default-provider-invalidation-flow',
      federatedProviders: new Set(options.federatedProviders),
      federatedKeys: options.federatedKeys,
    };
  }

  #key(alg: SigningAlgorithm): Promise<SigningKey> {
    let key = this.#keys.get(alg);
    if (key === undefined) {
      key = this.#newKey(alg);
      this.#keys.set(alg, key);
    }
    return key;
  }

  #newKey(alg: SigningAlgorithm): Promise<SigningKey> {
    return generateSigningKey(alg, { habits: this.habits, modulusLength: this.modulusLength ?? 2048 });
  }

  /**
   * Gives providers another key at once. The key set shows only the new one, so what the old one signed no longer verifies.
   * @param slug one application; default all of them
   * @param signing another kind of key, or none (`HS256`); default the kind that each has
   */
  async rotateKeys(slug?: string, signing?: SigningAlgorithm | 'HS256'): Promise<void> {
    const providers = slug === undefined ? [...this.providers.values()] : [this.provider(slug)];
    const fresh = new Map<SigningAlgorithm, Promise<SigningKey>>();
    await Promise.all(
      providers.map(async (provider) => {
        const alg = signing ?? (await provider.signingKey)?.alg ?? 'HS256';
        if (alg === 'HS256') {
          provider.signingKey = undefined;
          return;
        }
        const key = fresh.get(alg) ?? this.#newKey(alg);
        fresh.set(alg, key);
        await key;
        provider.signingKey = key;
      }),
    );
  }

  /** @throws {UnknownNameError} nobody has that name */
  user(username: string): User {
    const user = this.users.get(username);
    if (user === undefined) throw new UnknownNameError('user', username, this.users.keys());
    return user;
  }

  /** Who a client is when it acts for itself; made when it does so first. In no group, with an empty address. */
  serviceAccount(provider: Provider): User {
    const username = `ak-${provider.name}-client_credentials`;
    return (
      this.users.get(username) ??
      this.addUser({
        username,
        name: `Autogenerated user from application ${provider.name} (client credentials)`,
        email: '',
      })
    );
  }

  /** People sign in with their username or their address. */
  findUser(uidField: string): User | undefined {
    return this.users.get(uidField) ?? [...this.users.values()].find((user) => user.email === uidField);
  }

  /**
   * @param slug default: the first application
   * @throws {UnknownNameError} no application has that slug, or it has no provider
   */
  provider(slug?: string): Provider {
    const application = slug === undefined ? this.applications.values().next().value : this.applications.get(slug);
    if (application?.provider === undefined)
      throw new UnknownNameError('application', slug ?? '', this.applications.keys());
    return application.provider;
  }

  /** Bindings of an application: any of them that applies is enough; none at all means everyone. */
  mayUse(user: User, application: Application): boolean {
    const enabled = application.bindings.filter((binding) => binding.enabled ?? true);
    if (enabled.length === 0) return true;
    return enabled.some((binding) => {
      return applies(binding, user) !== (binding.negate ?? false);
    });
  }
}

function applies({ policy, group, username }: PolicyBindingOptions, user: User): boolean {
  if (policy !== undefined) return policy({ username: user.username, groups: [...user.groups] });
  return group === undefined ? username === user.username : user.groups.has(group);
}
