import type { ConfigIssue } from '../errors/index.js';
import type { AuthentikModuleExtras } from './module-extras.js';

type Given = Readonly<Record<string, unknown>>;

/** Mistakes around browser sessions that no option makes alone. */
export function sessionIssues(given: Given, { features, routes }: Required<AuthentikModuleExtras>): ConfigIssue[] {
  return [...prefix(routes), ...opening(given, features.includes('session')), ...members(given)];
}

function prefix({ prefix: path = 'auth' }: { prefix?: string }): ConfigIssue[] {
  return /^[\w-]+(?:\/[\w-]+)*$/u.test(path)
    ? []
    : [
        {
          option: 'routes.prefix',
          problem: 'is not a path below publicUrl.',
          remedy: 'Write it without slashes at its ends: "auth".',
        },
      ];
}

function opening({ session }: Given, isOpen: boolean): ConfigIssue[] {
  if (isOpen && session === undefined) {
    return [
      {
        option: 'session',
        problem: 'is missing, and the feature "session" is on.',
        remedy:
          'Write session: {} for development, where a secret is made at each start; production needs ' +
          'session: { secrets: ["…"] } with the output of `openssl rand -base64 32`.',
      },
    ];
  }
  // By its own variable the environment may set it for an app that has no browsers; nothing is lost then.
  return [];
}

function members(given: Given): ConfigIssue[] {
  if (typeof given['session'] !== 'object' || given['session'] === null) return [];
  const session = given['session'] as Given;
  const names = Array.isArray(given['scopes']) ? (given['scopes'] as unknown[]) : ['offline_access', 'profile'];
  const issues: ConfigIssue[] = [];
  const add = (option: string, problem: string, remedy: string) =>
    issues.push({ option: `session.${option}`, problem, remedy });

  if (session['secrets'] === undefined && process.env['NODE_ENV'] === 'production') {
    add(
      'secrets',
      'is missing (AUTHENTIK_SESSION_SECRET in the environment).',
      'Write ["…"] with the output of `openssl rand -base64 32`.',
    );
  }
  const { idleSeconds = 3600, absoluteSeconds = 43_200 } = session;
  if (typeof idleSeconds === 'number' && typeof absoluteSeconds === 'number' && idleSeconds > absoluteSeconds) {
    add('idleSeconds', 'is more than absoluteSeconds.', 'A session ends with the first of the two: make it less.');
  }
  if (session['membershipMaxAgeSeconds'] !== undefined) {
    if (session['keepTokens'] === false) {
      add(
        'membershipMaxAgeSeconds',
        'needs the tokens, and keepTokens is false.',
        'Leave keepTokens out: groups are read again with the access token.',
      );
    }
    for (const scope of ['offline_access', 'profile'].filter((name) => !names.includes(name))) {
      add('membershipMaxAgeSeconds', `needs the scope ${scope}, and scopes lacks it.`, `Add "${scope}" to scopes.`);
    }
  }
  if (session['mount'] === false) {
    for (const option of ['store', 'cookieName'].filter((name) => session[name] !== undefined)) {
      add(option, "is the app's own matter with mount: false.", 'Give it to the express-session of the app instead.');
    }
  }
  const name = session['cookieName'];
  if (
    typeof name === 'string' &&
    /^__(?:host|secure)-/iu.test(name) &&
    String(given['publicUrl']).startsWith('http:')
  ) {
    add('cookieName', 'has a prefix that browsers take over https only.', 'Leave it out.');
  }
  return issues;
}
