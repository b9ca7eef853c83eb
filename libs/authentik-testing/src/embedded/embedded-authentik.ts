import type { BrokenKind } from '../mint/broken-kinds.js';
import { Mint, type MintOptions } from '../mint/mint.js';
import { createEmbeddedApp } from './app.js';
import { EmbeddedClock } from './clock.js';
import { Directory } from './directory/directory.js';
import type { Application, User } from './directory/entries.js';
import type {
  EmbeddedApplicationChanges,
  EmbeddedApplicationOptions,
  EmbeddedProviderOptions,
  EmbeddedUserOptions,
} from './directory/options.js';
import { DEFAULT_APPLICATIONS, DEFAULT_USERS } from './directory/seed.js';
import { BackchannelQueue, type LogoutDelivery } from './ends/backchannel.js';
import { SessionEnds } from './ends/session-ends.js';
import { checkFault, Faults, type FaultKind, type FaultOptions } from './faults/faults.js';
import { Issued } from './issued/issued.js';
import { sidOf } from './issued/records.js';
import { TokenIssuer } from './issued/token-issuer.js';
import { Listeners } from './listeners.js';
import { readablePassword } from './random.js';
import { DEFAULT_VERSION, fullVersion, habitsOf, type AuthentikVersion } from './versions.js';
import type { EndpointName } from './wire/endpoint.js';
import { issuerOf } from './wire/exchange.js';
import { RequestLog, type LoggedRequest } from './wire/request-log.js';
import type { Brand, World } from './wire/world.js';

/** What an embedded Authentik is started with. Everything has a default. */
export interface EmbeddedAuthentikOptions {
  /** Port on both loopback addresses. Default 0: any free one. */
  readonly port?: number;
  /** Version to answer as. Default: what `AUTHENTIK_DEV_VERSION` says, so that a suite can be run before any of them; else `2026.8`. */
  readonly version?: AuthentikVersion;
  /** Default: `mcp-server`, with one public client of that id. */
  readonly applications?: readonly EmbeddedApplicationOptions[];
  /** Providers that no application has. Default none. */
  readonly providersWithoutApplication?: readonly EmbeddedProviderOptions[];
  /** Slug of the application that WebFinger names (the brand's default application). Default none. */
  readonly defaultApplication?: string;
  /**
   * Slug of the flow in which people type the code of a device, at `/device`. Default `default-device-code-flow`; `false`:
   * none, as in a new Authentik, where `/device` is not found.
   */
  readonly deviceCodeFlow?: string | false;
  /** Default: alice, bob, root and mallory. */
  readonly users?: readonly EmbeddedUserOptions[];
  /** Password of everybody who has none of their own. Default: a random one that a person can type. */
  readonly password?: string;
  /**
   * Bits of its RSA keys. Default 2048; the certificate that an Authentik makes for itself has 4096, which take a second to
   * make.
   */
  readonly modulusLength?: 2048 | 4096;
  /** Whether the process lives on as long as this server does. Default true; false saves the call of `stop()`. */
  readonly holdsProcess?: boolean;
}

/** A person of the embedded Authentik, as they are now. */
export interface EmbeddedUser {
  readonly username: string;
  readonly name: string;
  readonly email: string;
  readonly groups: readonly string[];
  readonly isActive: boolean;
}

/** An application of the embedded Authentik. */
export interface EmbeddedApplication {
  readonly slug: string;
  readonly name: string;
  readonly clientId: string;
  readonly clientType: 'public' | 'confidential';
  /** A public client has one too; it is rarely asked for. */
  readonly clientSecret: string;
  readonly issuer: string;
}

/** A running embedded Authentik. `startEmbeddedAuthentik` makes one. */
export interface EmbeddedAuthentik {
  /** `http://localhost:<port>`, without a slash at the end. */
  readonly url: string;
  readonly port: number;
  /** In full: `2026.8.0`. */
  readonly version: string;
  /** Password of everybody who has none of their own. */
  readonly password: string;
  readonly users: readonly EmbeddedUser[];
  readonly applications: readonly EmbeddedApplication[];
  /** The latest 10,000 requests, oldest first. */
  readonly requests: readonly LoggedRequest[];
  /** Those of them that asked one endpoint. */
  requestsTo(endpoint: EndpointName): readonly LoggedRequest[];
  /** Forgets what was asked so far. */
  clearRequests(): void;
  /** Time of this server alone. */
  readonly clock: EmbeddedClock;

  /**
   * @param applicationSlug default: the first application
   * @returns the issuer under `url`, with its final slash
   * @throws {UnknownNameError} no such application
   */
  issuer(applicationSlug?: string): string;

  /**
   * A sound access token as a header, ready for supertest's `set()` or fetch's `headers`.
   * @throws {UnknownNameError} no such user or application
   */
  bearer(username: string, options?: Omit<MintOptions, 'user'>): Promise<{ authorization: string }>;

  /**
   * A sound access token, without a login.
   * @throws {UnknownNameError} no such user or application
   */
  mintAccessToken(options: MintOptions): Promise<string>;

  /**
   * A sound access token that a client got for itself (client_credentials): no person, no session.
   * @throws {UnknownNameError} no such application
   */
  mintMachineToken(options?: Omit<MintOptions, 'user'>): Promise<string>;

  /**
   * An access token that is wrong in one way.
   * @param options.user default: the first person
   * @throws {UnknownNameError} no such user or application
   */
  mintBroken(
    options: { readonly kind: BrokenKind; readonly user?: string } & Omit<MintOptions, 'user'>,
  ): Promise<string>;

  /** Name and password, for whoever signs in by the pages. @throws {UnknownNameError} no such user */
  credentials(username: string): Readonly<{ username: string; password: string }>;

  /** Adds a person while it runs. @throws {AuthentikTestingError} the username is empty or taken */
  addUser(options: EmbeddedUserOptions): EmbeddedUser;

  /** Adds an application while it runs. @throws {AuthentikTestingError} slug or client id are taken, or can't be */
  addApplication(options: EmbeddedApplicationOptions): EmbeddedApplication;

  /**
   * Gives applications another key at once, as an administrator can. What the old one signed no longer verifies.
   * @param applicationSlug default: all applications
   * @param signing another kind of key; `HS256` is none. Default: the kind that each has
   * @throws {UnknownNameError} no such application
   */
  rotateKeys(applicationSlug?: string, signing?: 'RS256' | 'ES256' | 'HS256'): Promise<void>;

  /**
   * Deletes sessions, as an administrator does: their access tokens die (2024.12+), refresh tokens live on, and clients
   * with a back-channel `logoutUri` that hold a live access token of the session are sent a logout token (2025.8+).
   * @param options.user default: everybody
   * @param options.sid only the session of this `sid`, as tokens have it. Default: all of them
   * @returns how many sessions ended
   * @throws {UnknownNameError} no such user
   */
  endSessions(options?: { readonly user?: string; readonly sid?: string }): number;

  /**
   * Deactivates or reactivates somebody. Deactivation ends their sessions and all tokens that came of one, refresh
   * tokens too; reactivation brings none of them back. Clients are told from 2026.8 on.
   * @throws {UnknownNameError} no such user
   */
  setUserActive(username: string, isActive: boolean): void;

  /**
   * Deletes somebody with all their sessions, codes and tokens.
   * @throws {UnknownNameError} no such user
   */
  deleteUser(username: string): void;

  /**
   * Puts somebody into exactly these groups. Tokens already out keep the old ones; userinfo and the next refresh tell the
   * new ones, and a refresh asks no policy.
   * @throws {UnknownNameError} no such user
   */
  setGroups(username: string, groups: readonly string[]): void;

  /**
   * Changes an application while the server runs. Sessions, codes and tokens stay. `signing` makes a new key.
   * @throws {UnknownNameError} no such application
   */
  updateApplication(applicationSlug: string, changes: EmbeddedApplicationChanges): void;

  /** The application that WebFinger names; `undefined`: none. */
  setDefaultApplication(applicationSlug: string | undefined): void;

  /** Slug of the flow in which people type the code of a device; `undefined`: none, and `/device` is not found. */
  setDeviceCodeFlow(flowSlug: string | undefined): void;

  /** The latest 1,000 logout tokens that went, or are on their way, to clients; oldest first. */
  readonly logoutDeliveries: readonly LogoutDelivery[];

  /** Resolves when every logout token is delivered or given up: after five attempts within some seconds. */
  logoutsSettled(): Promise<void>;

  /**
   * Makes the server ill. `down` for all endpoints closes the port; `rotateKeys` is done at once and stays.
   * @param options.endpoint default: all
   * @throws {AuthentikTestingError} a fault that would never be felt
   */
  fault(kind: FaultKind, options?: FaultOptions): Promise<void>;

  /** Makes it well again. */
  clearFaults(): Promise<void>;

  /** Closes the port and all connections. Nothing is left running; a second call does nothing. */
  stop(): Promise<void>;
}

/** All that run in this process now, so that helpers of tests can find the one that is meant. */
export const running = new Set<EmbeddedAuthentik>();

/**
 * Starts an Authentik for tests and development inside this process: in memory, with new keys, on loopback only.
 * @throws {PortTakenError} the port is in use
 * @throws {AuthentikTestingError} a name taken twice, a slug or a version that can't be
 */
export async function startEmbeddedAuthentik(options: EmbeddedAuthentikOptions = {}): Promise<EmbeddedAuthentik> {
  const version = fullVersion(options.version ?? versionOfEnvironment() ?? DEFAULT_VERSION);
  const habits = habitsOf(version);
  const password = options.password ?? readablePassword();
  const clock = new EmbeddedClock();
  const directory = new Directory(habits, password, options.modulusLength);
  for (const user of options.users ?? DEFAULT_USERS) directory.addUser(user);
  for (const application of options.applications ?? DEFAULT_APPLICATIONS) directory.addApplication(application);
  for (const provider of options.providersWithoutApplication ?? []) directory.addProvider(provider);
  const issued = new Issued(clock);
  const queue = new BackchannelQueue();
  const ends = new SessionEnds(issued, directory, habits, clock, queue);
  const deviceCodeFlow = options.deviceCodeFlow ?? 'default-device-code-flow';
  const brand: Brand = {
    defaultApplication: options.defaultApplication,
    deviceCodeFlow: deviceCodeFlow === false ? undefined : deviceCodeFlow,
  };
  const world: World = {
    habits,
    clock,
    directory,
    issued,
    ends,
    brand,
    tokens: new TokenIssuer(issued, habits, clock),
  };

  const faults = new Faults();
  const log = new RequestLog();
  const app = createEmbeddedApp(world, faults, log);
  const listeners = new Listeners((request, response) => void app(request, response));
  await listeners.open(options.port ?? 0, { holdsProcess: options.holdsProcess ?? true });
  const url = `http://localhost:${listeners.port}`;
  const mint = new Mint(world, url);
  let stopped = false;
  const issuer = (slug?: string) => issuerOf(url, directory.provider(slug)) ?? '';

  const authentik: EmbeddedAuthentik = {
    url,
    port: listeners.port,
    version,
    password,
    clock,
    requests: log.entries,
    requestsTo: (endpoint) => log.entries.filter((request) => request.endpoint === endpoint),
    clearRequests: () => log.clear(),
    get users() {
      return [...directory.users.values()].map(publicUser);
    },
    get applications() {
      return [...directory.applications.values()].flatMap((application) => publicApplication(application, url));
    },
    issuer,
    mintAccessToken: (mintOptions) => mint.accessToken(mintOptions),
    mintMachineToken: (mintOptions = {}) => mint.machineToken(mintOptions),
    mintBroken: ({ user, ...rest }) => mint.broken({ user: user ?? [...directory.users.keys()][0] ?? '', ...rest }),
    bearer: async (username, rest) => ({
      authorization: `Bearer ${await mint.accessToken({ ...rest, user: username })}`,
    }),
    rotateKeys: (slug, signing) => directory.rotateKeys(slug, signing),
    endSessions: ({ user, sid } = {}) => {
      const ended = ends
        .sessionsOf(user === undefined ? undefined : directory.user(user))
        .filter((session) => sid === undefined || sidOf(session) === sid);
      for (const session of ended) ends.deleteSession(session);
      return ended.length;
    },
    setUserActive: (username, isActive) => ends.setActive(directory.user(username), isActive),
    deleteUser: (username) => ends.deleteUser(directory.user(username)),
    setGroups: (username, groups) => directory.setGroups(username, groups),
    updateApplication: (slug, changes) => directory.update(slug, changes),
    setDefaultApplication: (slug) => {
      if (slug !== undefined) directory.provider(slug);
      brand.defaultApplication = slug;
    },
    setDeviceCodeFlow: (flowSlug) => {
      brand.deviceCodeFlow = flowSlug;
    },
    logoutDeliveries: queue.deliveries,
    logoutsSettled: () => queue.settled(),
    credentials: (username) => ({ username, password: directory.user(username).password }),
    addUser: (user) => publicUser(directory.addUser(user)),
    addApplication: (application) => requireOne(publicApplication(directory.addApplication(application), url)),
    fault: async (kind, faultOptions = {}) => {
      checkFault(kind, faultOptions);
      if (kind === 'rotateKeys') await directory.rotateKeys();
      else if (kind === 'down' && faultOptions.endpoint === undefined && faultOptions.times === undefined)
        await listeners.close();
      else faults.add(kind, faultOptions);
    },
    clearFaults: async () => {
      faults.clear();
      if (!stopped) await listeners.reopen();
    },
    stop: async () => {
      stopped = true;
      running.delete(authentik);
      faults.clear();
      await queue.stop();
      await listeners.close();
    },
  };
  running.add(authentik);
  return authentik;
}

function versionOfEnvironment(): AuthentikVersion | undefined {
  return process.env['AUTHENTIK_DEV_VERSION'] || undefined;
}

function requireOne<T>([one]: readonly T[]): T {
  if (one === undefined) throw new TypeError('An application was added without a provider.');
  return one;
}

function publicUser({ username, name, email, groups, isActive }: User): EmbeddedUser {
  return { username, name, email, groups: [...groups], isActive };
}

function publicApplication({ slug, name, provider }: Application, url: string): EmbeddedApplication[] {
  if (provider === undefined) return [];
  const { clientId, clientType, clientSecret } = provider;
  return [{ slug, name, clientId, clientType, clientSecret, issuer: issuerOf(url, provider) ?? '' }];
}
