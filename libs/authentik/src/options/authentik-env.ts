import type { AuthentikOptions } from './authentik-options.js';

type Environment = Readonly<Record<string, string | undefined>>;

const text = (value: string) => value;
// What is not a number stays as it is, so that the check of the options can name it.
const number = (value: string) => (/^\d+$/u.test(value) ? Number(value) : value);
const list = (value: string) => value.split(/[\s,]+/u).filter((word) => word !== '');
// Names of groups may hold spaces.
const names = (value: string) =>
  value
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
// `slug:clientId`, several by comma; a slug holds no colon. What has none stays text, for the check to name it.
const applications = (value: string) =>
  names(value).map((entry) => {
    const colon = entry.indexOf(':');
    return colon === -1 ? entry : { applicationSlug: entry.slice(0, colon), clientId: entry.slice(colon + 1) };
  });
const flag = (value: string) => (value === 'true' ? true : value === 'false' ? false : value);

/** Option path, environment variable, and how its text is read. */
const variables: readonly (readonly [option: string, variable: string, read: (value: string) => unknown])[] = [
  ['url', 'AUTHENTIK_URL', text],
  ['internalUrl', 'AUTHENTIK_INTERNAL_URL', text],
  ['issuerMode', 'AUTHENTIK_ISSUER_MODE', text],
  ['applicationSlug', 'AUTHENTIK_APPLICATION_SLUG', text],
  ['clientId', 'AUTHENTIK_CLIENT_ID', text],
  ['clientSecret', 'AUTHENTIK_CLIENT_SECRET', text],
  ['tokenEndpointAuthMethod', 'AUTHENTIK_TOKEN_ENDPOINT_AUTH_METHOD', text],
  ['publicUrl', 'AUTHENTIK_PUBLIC_URL', text],
  ['scopes', 'AUTHENTIK_SCOPES', list],
  ['timeoutMs', 'AUTHENTIK_TIMEOUT_MS', number],
  ['tokens.validation', 'AUTHENTIK_TOKENS_VALIDATION', text],
  ['tokens.introspectionTtlSeconds', 'AUTHENTIK_TOKENS_INTROSPECTION_TTL_SECONDS', number],
  ['tokens.cacheMaxEntries', 'AUTHENTIK_TOKENS_CACHE_MAX_ENTRIES', number],
  ['tokens.keepClaims', 'AUTHENTIK_TOKENS_KEEP_CLAIMS', flag],
  ['tokens.acceptHs256', 'AUTHENTIK_TOKENS_ACCEPT_HS256', flag],
  ['tokens.clockToleranceSeconds', 'AUTHENTIK_TOKENS_CLOCK_TOLERANCE_SECONDS', number],
  ['tokens.staleKeysSeconds', 'AUTHENTIK_TOKENS_STALE_KEYS_SECONDS', number],
  ['tokens.revocationStaleSeconds', 'AUTHENTIK_TOKENS_REVOCATION_STALE_SECONDS', number],
  ['tokens.dangerouslyAcceptUserInfo', 'AUTHENTIK_TOKENS_DANGEROUSLY_ACCEPT_USER_INFO', flag],
  ['redis.url', 'AUTHENTIK_REDIS_URL', text],
  ['redis.keyPrefix', 'AUTHENTIK_REDIS_KEY_PREFIX', text],
  ['trustedApplications', 'AUTHENTIK_TRUSTED_APPLICATIONS', applications],
  ['session.secrets', 'AUTHENTIK_SESSION_SECRET', names],
  ['session.cookieName', 'AUTHENTIK_SESSION_COOKIE_NAME', text],
  ['session.idleSeconds', 'AUTHENTIK_SESSION_IDLE_SECONDS', number],
  ['session.absoluteSeconds', 'AUTHENTIK_SESSION_ABSOLUTE_SECONDS', number],
  ['session.membershipMaxAgeSeconds', 'AUTHENTIK_SESSION_MEMBERSHIP_MAX_AGE_SECONDS', number],
  ['session.keepTokens', 'AUTHENTIK_SESSION_KEEP_TOKENS', flag],
  ['session.mount', 'AUTHENTIK_SESSION_MOUNT', flag],
  ['session.maxLoginsPerMinute', 'AUTHENTIK_SESSION_MAX_LOGINS_PER_MINUTE', number],
  ['session.maxCallbacksPerMinute', 'AUTHENTIK_SESSION_MAX_CALLBACKS_PER_MINUTE', number],
  ['session.maxLogoutTokensPerMinute', 'AUTHENTIK_SESSION_MAX_LOGOUT_TOKENS_PER_MINUTE', number],
  ['allowedGroups', 'AUTHENTIK_ALLOWED_GROUPS', names],
  ['logLevel', 'AUTHENTIK_LOG_LEVEL', text],
  ['legacyMetadata', 'AUTHENTIK_LEGACY_METADATA', flag],
  ['dangerouslyAllowHttp', 'AUTHENTIK_DANGEROUSLY_ALLOW_HTTP', flag],
];

/** The environment variable of an option, for messages. */
export function environmentVariable(option: string): string | undefined {
  return variables.find(([name]) => name === option)?.[1];
}

/** All variables that mean something here. */
export const knownVariables: readonly string[] = variables.map(([, variable]) => variable);

/**
 * At the options that {@link authentikConfigFromEnv} gives: names of variables that it did not know. No name that an
 * option could have, and a text: Nest takes symbols off the options of a module.
 */
export const UNKNOWN_VARIABLES = '(unknown variables)';

/**
 * Reads the options from `AUTHENTIK_URL`, `AUTHENTIK_APPLICATION_SLUG`, `AUTHENTIK_CLIENT_ID`, `AUTHENTIK_PUBLIC_URL`
 * and so on: the option's name in capitals, lists separated by spaces or commas, `AUTHENTIK_ALLOWED_GROUPS` by commas
 * only, `AUTHENTIK_SESSION_SECRET` by commas, the newest first, `AUTHENTIK_TRUSTED_APPLICATIONS` as
 * `slug:clientId,slug:clientId`. Empty means not set.
 *
 * Nothing is checked here; the module does that at its start. An `AUTHENTIK_` name that is nearly one of ours is a
 * mistake then; those of Authentik itself (`AUTHENTIK_SECRET_KEY`, `AUTHENTIK_POSTGRESQL__HOST`) and of others are not.
 * @param environment default `process.env`
 */
export function authentikConfigFromEnv(environment: Environment = process.env): AuthentikOptions {
  const options: Record<string, unknown> = {};
  for (const [option, variable, read] of variables) {
    const value = environment[variable]?.trim();
    if (value === undefined || value === '') continue;
    const [name, member] = option.split('.') as [string, string?];
    if (member === undefined) options[name] = read(value);
    else options[name] = { ...(options[name] as object | undefined), [member]: read(value) };
  }
  const unknown = Object.keys(environment).filter(
    (name) => /^AUTHENTI[KC]_/u.test(name) && !knownVariables.includes(name) && environment[name]?.trim(),
  );
  if (unknown.length > 0) Object.assign(options, { [UNKNOWN_VARIABLES]: unknown });
  return options as unknown as AuthentikOptions;
}
