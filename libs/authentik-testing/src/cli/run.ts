import { DEFAULT_USERS } from '../embedded/directory/seed.js';
import { startEmbeddedAuthentik, type EmbeddedAuthentik } from '../embedded/embedded-authentik.js';
import { AuthentikTestingError, PortTakenError } from '../embedded/errors.js';
import { readablePassword } from '../embedded/random.js';
import { DEFAULT_VERSION } from '../embedded/versions.js';
import { HELP, parseCliArguments } from './arguments.js';
import { applicationBeside } from './default-application.js';
import { runChild } from './run-child.js';

const DEFAULT_PORT = 9000;

/** What a run of the command line depends on. */
export interface CliContext {
  /** Arguments behind the program's name. */
  readonly argv: readonly string[];
  readonly env: NodeJS.ProcessEnv;
}

/** @returns the exit code, once everything has ended */
export async function runCli({ argv, env }: CliContext): Promise<number> {
  const request = parseCliArguments(argv);
  if (request.kind === 'help') {
    console.log(HELP);
    return 0;
  }
  if (request.kind === 'mistake') {
    console.error(`${request.message}\n\n${HELP}`);
    return 2;
  }
  if (isSet(env['AUTHENTIK_URL'])) {
    console.log(`AUTHENTIK_URL is set: using the Authentik at ${env['AUTHENTIK_URL']}, the embedded one stays off.`);
    return request.command.length === 0 ? 0 : runChild(request.command, env);
  }
  if (env['NODE_ENV'] === 'production') {
    console.error(
      'The embedded Authentik is for development and tests only, and NODE_ENV is production. Set AUTHENTIK_URL to a real Authentik.',
    );
    return 1;
  }
  // One word for a program, which can't sign in by pages; another than the password, as in Authentik.
  const appPassword = readablePassword();
  const authentik = await start(env, appPassword);
  if (authentik === undefined) return 1;
  announce(authentik, appPassword);
  try {
    return await (request.command.length === 0
      ? untilSignal()
      : runChild(request.command, { ...environmentFor(authentik), ...withoutEmpty(env) }));
  } finally {
    await authentik.stop();
  }
}

async function start(env: NodeJS.ProcessEnv, appPassword: string): Promise<EmbeddedAuthentik | undefined> {
  const portText = env['AUTHENTIK_DEV_PORT'] ?? '';
  const port = portText === '' ? DEFAULT_PORT : Number(portText);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    console.error(
      `AUTHENTIK_DEV_PORT is '${portText}', which is no port. Set it to a number from 0 (any free port) to 65535.`,
    );
    return undefined;
  }
  const password = env['AUTHENTIK_DEV_PASSWORD'];
  const version = env['AUTHENTIK_DEV_VERSION'];
  try {
    return await startEmbeddedAuthentik({
      port,
      applications: applicationBeside(env),
      users: DEFAULT_USERS.map((user) => ({ ...user, appPasswords: [appPassword] })),
      ...(isSet(password) && { password }),
      version: isSet(version) ? version : DEFAULT_VERSION,
    });
  } catch (error) {
    if (error instanceof PortTakenError) {
      console.error(
        `Port ${error.port} is taken, so the embedded Authentik can't listen there. Set AUTHENTIK_DEV_PORT to a free one.`,
      );
    } else if (error instanceof AuthentikTestingError) {
      console.error(error.message);
    } else {
      throw error;
    }
    return undefined;
  }
}

function announce(authentik: EmbeddedAuthentik, appPassword: string): void {
  const [application] = authentik.applications;
  const lines = [
    `Embedded Authentik ${authentik.version}, for development only: in memory, on loopback, new keys at each start.`,
    `  URL        ${authentik.url}`,
    `  Issuer     ${application?.issuer ?? ''}`,
    `  Client id  ${application?.clientId ?? ''} (${application?.clientType ?? ''})`,
    `  Password   ${authentik.password} (of all users; AUTHENTIK_DEV_PASSWORD sets it)`,
    '  Users',
    ...authentik.users.map(({ username, groups }) => `    ${username.padEnd(9)}${groups.join(', ') || '(no group)'}`),
    `  App password of all users, for programs: ${appPassword}`,
    '  An access token of alice, for curl',
    `    TOKEN=$(${tokenCommand(authentik, appPassword)})`,
  ];
  console.log(lines.join('\n'));
}

/** Prints an access token. Why there is none goes to standard error, so that no shell takes it for one. */
function tokenCommand({ url, applications: [application] }: EmbeddedAuthentik, appPassword: string): string {
  const fields = [
    'grant_type=client_credentials',
    `client_id=${application?.clientId ?? ''}`,
    'username=alice',
    `password=${appPassword}`,
    'scope="openid profile"',
  ];
  const asked = `curl -sS ${url}/application/o/token/ ${fields.map((field) => `-d ${field}`).join(' ')}`;
  return `${asked} | node -e 'const a = JSON.parse(fs.readFileSync(0)); a.access_token ? console.log(a.access_token) : console.error(a)'`;
}

function environmentFor(authentik: EmbeddedAuthentik): NodeJS.ProcessEnv {
  const [application] = authentik.applications;
  return {
    AUTHENTIK_URL: authentik.url,
    AUTHENTIK_APPLICATION_SLUG: application?.slug,
    AUTHENTIK_CLIENT_ID: application?.clientId,
  };
}

/** An empty variable counts as one that is not set. */
function withoutEmpty(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(env).filter(([name, value]) => !name.startsWith('AUTHENTIK_') || isSet(value)),
  );
}

function isSet(value: string | undefined): value is string {
  return value !== undefined && value !== '';
}

function untilSignal(): Promise<number> {
  return new Promise((resolve) => {
    const end = () => resolve(0);
    process.once('SIGINT', end).once('SIGTERM', end);
  });
}
