import type { User } from '../embedded/directory/entries.js';
import { UnknownNameError } from '../embedded/errors.js';
import type { BrowserSession, Grant, TokenClaims } from '../embedded/issued/records.js';
import { issuerOf } from '../embedded/wire/exchange.js';
import type { World } from '../embedded/wire/world.js';
import type { BrokenKind } from './broken-kinds.js';
import { breakToken, brokenClaims } from './broken.js';

/** Whose token, for which client. */
export interface MintOptions {
  /** Username. */
  readonly user: string;
  /** Slug. Default: the first application, or the one of `clientId`. */
  readonly application?: string;
  /** Another way to name the application. */
  readonly clientId?: string;
  /** Default: all scopes attached to the provider. */
  readonly scopes?: readonly string[];
  /** Life in seconds; zero or less makes an expired token. Default: the provider's, usually 3600. */
  readonly expiresInSeconds?: number;
  /** Set over all other claims; one that is undefined is taken away. */
  readonly claims?: TokenClaims;
}

/** Makes tokens without a login. They are signed and stored like all others, so userinfo and introspection know them. */
export class Mint {
  /** One session a person, as if each were signed in with one browser. */
  readonly #sessions = new Map<User, BrowserSession>();

  constructor(
    private readonly world: World,
    /** Issuers are made from it. */
    private readonly baseUrl: string,
  ) {}

  /** @throws {UnknownNameError} no such user or application */
  async accessToken(options: MintOptions): Promise<string> {
    return this.#sign(this.#grant(options), options);
  }

  async #sign(grant: Grant, options: Omit<MintOptions, 'user'>): Promise<string> {
    const { accessToken } = await this.world.tokens.accessToken(grant, {
      issuer: issuerOf(this.baseUrl, this.#provider(options)),
      ...(options.expiresInSeconds !== undefined && { expiresInSeconds: options.expiresInSeconds }),
      ...(options.claims !== undefined && { claims: options.claims }),
    });
    return accessToken;
  }

  /** What a client gets for itself (client_credentials): its service account, and no session. */
  async machineToken(options: Omit<MintOptions, 'user'>): Promise<string> {
    const provider = this.#provider(options);
    const { username } = this.world.directory.serviceAccount(provider);
    const { session: _, ...grant } = this.#grant({ ...options, user: username });
    return this.#sign({ ...grant, authTime: this.world.clock.nowSeconds() }, options);
  }

  /** @throws {UnknownNameError} no such user or application */
  async broken({ kind, ...options }: MintOptions & { kind: BrokenKind }): Promise<string> {
    const provider = this.#provider(options);
    const issuer = issuerOf(this.baseUrl, provider) ?? '';
    if (kind === 'idToken') return this.world.tokens.idToken(this.#grant(options), { issuer });
    if (kind === 'refreshToken') {
      return this.world.tokens.refreshToken(this.#grant(options), { issuer }, await this.accessToken(options));
    }
    const claims = { ...brokenClaims(kind, { issuer, nowSeconds: this.world.clock.nowSeconds() }), ...options.claims };
    return breakToken(kind, await this.accessToken({ ...options, claims }), provider);
  }

  #provider({ application, clientId }: Pick<MintOptions, 'application' | 'clientId'>) {
    const { directory } = this.world;
    if (clientId === undefined) return directory.provider(application);
    const provider = directory.providers.get(clientId);
    if (provider === undefined) throw new UnknownNameError('client', clientId, directory.providers.keys());
    return provider;
  }

  #grant(options: Omit<MintOptions, 'claims'>): Grant {
    const provider = this.#provider(options);
    const user = this.world.directory.user(options.user);
    const session = this.#session(user);
    return {
      provider,
      user,
      session,
      scopes: [...(options.scopes ?? provider.scopeMappings.keys())].toSorted(),
      authTime: session.authTime ?? 0,
    };
  }

  #session(user: User): BrowserSession {
    let session = this.#sessions.get(user);
    if (session === undefined || !this.world.issued.isAlive(session)) {
      session = this.world.issued.signIn(undefined, user);
      this.#sessions.set(user, session);
    }
    return session;
  }
}
