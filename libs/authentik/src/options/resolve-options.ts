import type { ValidationError } from 'class-validator';

import { AuthentikConfigError, type ConfigIssue } from '../errors/index.js';
import { AuthentikOptions, AuthentikTokenOptions, type ResolvedAuthentikOptions } from './authentik-options.js';
import { environmentVariable } from './authentik-env.js';
import { isAuthentikUrl, isLoopback, isOrigin, withoutFinalSlash } from './urls.js';

/**
 * Checks the options and fills in the defaults.
 * @throws {AuthentikConfigError} with every mistake at once
 */
export async function resolveOptions(raw: AuthentikOptions): Promise<ResolvedAuthentikOptions> {
  const given = withoutUndefined(raw);
  const issues = [...(await shapeIssues(given)), ...crossFieldIssues(given)];
  if (issues.length > 0) throw new AuthentikConfigError(issues);

  const options = Object.assign(new AuthentikOptions(), given) as Required<AuthentikOptions>;
  const url = withoutFinalSlash(options.url);
  const resolved = {
    url,
    issuer: `${url}/application/o/${options.applicationSlug}/`,
    applicationSlug: options.applicationSlug,
    clientId: options.clientId,
    publicUrl: withoutFinalSlash(options.publicUrl),
    scopes: Object.freeze([...new Set(options.scopes)]),
    timeoutMs: options.timeoutMs,
    tokens: Object.freeze(
      Object.assign(new AuthentikTokenOptions(), withoutUndefined(options.tokens)),
    ) as ResolvedAuthentikOptions['tokens'],
    logLevel: options.logLevel,
    dangerouslyAllowHttp: options.dangerouslyAllowHttp,
    ...(given['allowedGroups'] !== undefined && { allowedGroups: Object.freeze([...options.allowedGroups]) }),
    ...(given['mapUser'] !== undefined && { mapUser: options.mapUser }),
  };
  if (options.clientSecret !== undefined) {
    Object.defineProperty(resolved, 'clientSecret', { value: options.clientSecret, enumerable: false });
  }
  return Object.freeze(resolved);
}

function withoutUndefined(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null
    ? Object.fromEntries(Object.entries(value).filter(([, entry]) => entry !== undefined && entry !== null))
    : {};
}

async function shapeIssues(given: Record<string, unknown>): Promise<ConfigIssue[]> {
  const [{ validate }, { OptionsSchema, TokenOptionsSchema }] = await Promise.all([
    import('class-validator'),
    import('./options.schema.js'),
  ]);
  const candidate = Object.assign(new OptionsSchema(), given);
  if (typeof given['tokens'] === 'object') {
    candidate.tokens = Object.assign(new TokenOptionsSchema(), withoutUndefined(given['tokens']));
  }
  const errors = await validate(candidate, { whitelist: true, forbidNonWhitelisted: true });
  return errors.flatMap((error) => toIssues(error, ''));
}

function toIssues(error: ValidationError, parent: string): ConfigIssue[] {
  const option = `${parent}${error.property}`;
  const nested = (error.children ?? []).flatMap((child) => toIssues(child, `${option}.`));
  // The first failed check says enough: a missing list is also not a list of scopes.
  const [rule, message] = Object.entries(error.constraints ?? {})[0] ?? [];
  if (rule === undefined || message === undefined) return nested;
  if (rule === 'whitelistValidation') {
    return [{ option, problem: 'is not an option.', remedy: 'Look its name up in AuthentikOptions.' }];
  }
  if (error.value === undefined) {
    const variable = environmentVariable(option);
    const inEnvironment = variable === undefined ? '' : ` (${variable} in the environment)`;
    return [{ option, problem: `is missing${inEnvironment}.`, remedy: remedyOf(error, rule) }];
  }
  return [{ option, problem: message, remedy: remedyOf(error, rule) }, ...nested];
}

function remedyOf(error: ValidationError, rule: string): string {
  const context = error.contexts?.[rule] as { remedy?: string } | undefined;
  return context?.remedy ?? '';
}

const isInsecure = (value: string) => new URL(value).protocol === 'http:' && !isLoopback(value);

function crossFieldIssues(given: Record<string, unknown>): ConfigIssue[] {
  const issues: ConfigIssue[] = [];
  const { url, publicUrl, scopes } = given;
  if (given['dangerouslyAllowHttp'] !== true) {
    const remedy = 'Use https; dangerouslyAllowHttp: true is for networks where nobody else can listen.';
    const problem = 'is plain http outside of this machine: tokens would be readable on the way.';
    if (isAuthentikUrl(url) && isInsecure(url)) issues.push({ option: 'url', problem, remedy });
    if (isOrigin(publicUrl) && isInsecure(publicUrl)) issues.push({ option: 'publicUrl', problem, remedy });
  }
  if (Array.isArray(scopes) && scopes.length > 0) {
    if (!scopes.includes('openid')) {
      issues.push({
        option: 'scopes',
        problem: 'lacks openid, without which UserInfo answers 403.',
        remedy: 'Add "openid".',
      });
    }
    if (scopes.includes('groups')) {
      issues.push({
        option: 'scopes',
        problem: 'names groups, a scope that Authentik does not have.',
        remedy: 'Take it out and keep "profile": groups come with it.',
      });
    }
  }
  if (Array.isArray(given['allowedGroups']) && Array.isArray(scopes) && !scopes.includes('profile')) {
    issues.push({
      option: 'allowedGroups',
      problem: 'can never be met, because scopes lacks profile, with which groups come.',
      remedy: 'Add "profile" to scopes.',
    });
  }
  return issues;
}
