import type { EmbeddedAuthentik } from '../embedded/embedded-authentik.js';
import type { EmbeddedUserOptions } from '../embedded/directory/options.js';
import { AuthentikTestingError } from '../embedded/errors.js';
import type { MintOptions } from '../mint/mint.js';
import { embeddedAuthentik, rememberedApplication } from './which-authentik.js';

/** Who a test acts as. Everything has a default. */
export interface ActingAsOptions
  extends Omit<MintOptions, 'user'>, Partial<Pick<EmbeddedUserOptions, 'username' | 'groups' | 'name' | 'email'>> {
  /** Acts as the client itself, as by client_credentials, and as nobody else: no person, no groups, no session. */
  readonly machine?: boolean;
  /** Default: the one that runs in this process; if none does, one is started that needs no `stop()`. */
  readonly authentik?: EmbeddedAuthentik;
}

/** A credential as a header, as supertest's `set()`, fetch's `headers` and MCP clients' `requestInit` take it. */
export interface BearerHeaders extends Record<string, string> {
  readonly authorization: string;
}

const NAMELESS = 'test-user';

/**
 * Lets a test act as somebody, in one line and without a login: a real token with a real signature, so every guard runs.
 *
 *     await request(app.getHttpServer()).get('/reports').set(await actingAs({ groups: ['engineering'] })).expect(200);
 *
 * The token is for the app that `withEmbeddedAuthentik` or `authentikOptions` was last called for, unless `application` or
 * `clientId` names another one. Without a username it is a person of the test's own, the same one for the same groups. A username that Authentik knows
 * is that person, with the groups they have; another one is added.
 * @throws {AuthentikTestingError} more than one embedded Authentik runs, or the known person has other groups than asked
 * @throws {UnknownNameError} no such application
 */
export async function actingAs(options: ActingAsOptions = {}): Promise<BearerHeaders> {
  const { authentik = await embeddedAuthentik(), machine = false, username, groups, name, email, ...rest } = options;
  const application = rest.application ?? (rest.clientId === undefined ? rememberedApplication(authentik) : undefined);
  const mint = { ...rest, ...(application !== undefined && { application }) };
  if (machine) {
    if ((username ?? groups ?? name ?? email) !== undefined) {
      throw new AuthentikTestingError(
        'ERR_AUTHENTIK_TESTING_CONFIG',
        'A machine is nobody: leave `username`, `groups`, `name` and `email` out, or `machine`.',
      );
    }
    return { authorization: `Bearer ${await authentik.mintMachineToken(mint)}` };
  }
  const person = { ...(groups && { groups }), ...(name && { name }), ...(email && { email }) };
  const user = username === undefined ? nameless(authentik, person) : named(authentik, username, person);
  return { authorization: `Bearer ${await authentik.mintAccessToken({ ...mint, user })}` };
}

type Person = Pick<EmbeddedUserOptions, 'groups' | 'name' | 'email'>;

/** Made at the first use, and told apart by what was said of them. */
const made = new WeakMap<EmbeddedAuthentik, Map<string, string>>();

function nameless(authentik: EmbeddedAuthentik, person: Person): string {
  const known = made.get(authentik) ?? new Map<string, string>();
  made.set(authentik, known);
  const key = JSON.stringify([person.groups?.toSorted() ?? [], person.name, person.email]);
  const username = known.get(key) ?? (known.size === 0 ? NAMELESS : `${NAMELESS}-${known.size + 1}`);
  if (!known.has(key)) authentik.addUser({ username, ...person });
  known.set(key, username);
  return username;
}

function named(authentik: EmbeddedAuthentik, username: string, person: Person): string {
  const known = authentik.users.find((user) => user.username === username);
  if (known === undefined) {
    authentik.addUser({ username, ...person });
  } else if (person.groups !== undefined && !isSameSet(person.groups, known.groups)) {
    throw new AuthentikTestingError(
      'ERR_AUTHENTIK_TESTING_CONFIG',
      `'${username}' is known with other groups (${known.groups.join(', ') || 'none'}). Leave \`groups\` out, take another username, or call \`setGroups\`.`,
    );
  }
  return username;
}

function isSameSet(some: readonly string[], others: readonly string[]): boolean {
  const known = new Set(others);
  return new Set(some).size === known.size && some.every((group) => known.has(group));
}
