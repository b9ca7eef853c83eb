import { AuthentikConfigError } from '../errors/index.js';
import type { AuthentikApplication, TrustedApplicationOptions } from './application-options.js';
import { UNKNOWN_VARIABLES } from './authentik-env.js';
import { AuthentikOptions, type ResolvedAuthentikOptions } from './authentik-options.js';
import { crossFieldIssues } from './cross-field-issues.js';
import { type AuthentikModuleExtras, defaultExtras } from './module-extras.js';
import type { AuthentikRedisOptions, ResolvedRedisOptions } from './redis-options.js';
import { resolveSession } from './resolve-session.js';
import { AuthentikTokenOptions } from './token-options.js';
import { withoutFinalSlash } from './urls.js';

/**
 * Checks the options and fills in the defaults.
 * @throws {AuthentikConfigError} with every mistake at once
 */
export async function resolveOptions(
  raw: AuthentikOptions,
  extras: Required<AuthentikModuleExtras> = defaultExtras,
): Promise<ResolvedAuthentikOptions> {
  const [{ shapeIssues, withoutUnset }, { variableIssues }] = await Promise.all([
    import('./shape-issues.js'),
    import('./variable-issues.js'),
  ]);
  const { [UNKNOWN_VARIABLES]: unknown = [], ...given } = withoutUnset(
    typeof raw === 'object' && raw !== null ? raw : {},
  );
  const issues = [
    ...variableIssues(unknown as readonly string[]),
    ...(await shapeIssues(given)),
    ...crossFieldIssues(given, extras),
  ];
  if (issues.length > 0) throw new AuthentikConfigError(issues);

  const options = Object.assign(new AuthentikOptions(), given) as Required<AuthentikOptions>;
  const url = withoutFinalSlash(options.url);
  const toApplication = (application: TrustedApplicationOptions) =>
    resolveApplication(application, url, options.issuerMode);
  const own = toApplication({ ...options, audience: options.clientId });
  const trusted = ((given['trustedApplications'] ?? []) as TrustedApplicationOptions[]).map(toApplication);
  const resolved = {
    url,
    ...(given['internalUrl'] !== undefined && { internalUrl: withoutFinalSlash(options.internalUrl) }),
    issuerMode: options.issuerMode,
    issuer: own.issuer,
    applicationSlug: own.applicationSlug,
    clientId: own.clientId,
    applications: Object.freeze([own, ...trusted]) as ResolvedAuthentikOptions['applications'],
    publicUrl: withoutFinalSlash(options.publicUrl),
    scopes: Object.freeze([...new Set(options.scopes)]),
    timeoutMs: options.timeoutMs,
    tokens: Object.freeze(
      Object.assign(new AuthentikTokenOptions(), withoutUnset(options.tokens ?? {})),
    ) as ResolvedAuthentikOptions['tokens'],
    ...(given['session'] !== undefined && {
      session: resolveSession(withoutUnset(options.session), withoutFinalSlash(options.publicUrl)),
    }),
    ...(given['onLogin'] !== undefined && { onLogin: options.onLogin }),
    ...(given['onLogout'] !== undefined && { onLogout: options.onLogout }),
    logLevel: options.logLevel,
    tokenEndpointAuthMethod: options.tokenEndpointAuthMethod,
    legacyMetadata: options.legacyMetadata,
    dangerouslyAllowHttp: options.dangerouslyAllowHttp,
    ...(given['redis'] !== undefined && { redis: resolveRedis(options.redis, own) }),
    ...(given['allowedGroups'] !== undefined && { allowedGroups: Object.freeze([...options.allowedGroups]) }),
    ...(given['mapUser'] !== undefined && { mapUser: options.mapUser }),
  };
  return Object.freeze(hidden(withSecret(resolved, options.clientSecret), 'store', given['store']));
}

function resolveApplication(
  { applicationSlug, clientId, clientSecret, audience }: TrustedApplicationOptions,
  url: string,
  issuerMode: ResolvedAuthentikOptions['issuerMode'],
): AuthentikApplication {
  const baseUrl = `${url}/application/o/${applicationSlug}/`;
  const issuer = issuerMode === 'global' ? `${url}/` : baseUrl;
  const application = { applicationSlug, issuer, baseUrl, clientId, audience: audience ?? clientId };
  return Object.freeze(withSecret(application, clientSecret));
}

function resolveRedis(
  { url, client, keyPrefix }: AuthentikRedisOptions,
  { applicationSlug }: AuthentikApplication,
): ResolvedRedisOptions {
  const redis = { keyPrefix: keyPrefix ?? `authentik:${applicationSlug}:` };
  return Object.freeze(hidden(hidden(redis, 'url', url), 'client', client));
}

const withSecret = <T extends object>(target: T, clientSecret: string | undefined): T =>
  hidden(target, 'clientSecret', clientSecret);

/** Readable by those who ask for it by name; `inspect`, JSON and spreading do not see it. */
function hidden<T extends object>(target: T, name: string, value: unknown): T {
  return value === undefined || value === null
    ? target
    : Object.defineProperty(target, name, { get: () => value, enumerable: false });
}
