// Loaded only when a module starts, and with it class-validator: it takes longer to load than the rest of this library.
import { getMetadataStorage, validate, type ValidationError } from 'class-validator';
import { closest, distance } from 'fastest-levenshtein';

import type { ConfigIssue } from '../errors/index.js';
import { environmentVariable } from './authentik-env.js';
import { defaultExtras } from './module-extras.js';
import { TrustedApplicationSchema } from './schema/application-options.schema.js';
import { OptionsSchema } from './schema/options.schema.js';
import { RedisOptionsSchema } from './schema/redis-options.schema.js';
import { SessionOptionsSchema } from './schema/session-options.schema.js';
import { TokenOptionsSchema } from './schema/token-options.schema.js';

/** Checks each option by itself: its name, its form, its bounds. */
export async function shapeIssues(given: Readonly<Record<string, unknown>>): Promise<ConfigIssue[]> {
  const candidate = Object.assign(new OptionsSchema(), given);
  const { redis, tokens, session, trustedApplications } = given;
  if (isPlain(tokens)) candidate.tokens = Object.assign(new TokenOptionsSchema(), withoutUnset(tokens));
  if (isPlain(redis)) candidate.redis = Object.assign(new RedisOptionsSchema(), withoutUnset(redis));
  if (isPlain(session)) candidate.session = Object.assign(new SessionOptionsSchema(), withoutUnset(session));
  if (Array.isArray(trustedApplications)) {
    candidate.trustedApplications = trustedApplications.map((entry: unknown) =>
      isPlain(entry) ? Object.assign(new TrustedApplicationSchema(), withoutUnset(entry)) : entry,
    ) as TrustedApplicationSchema[];
  }
  const errors = await validate(candidate, { whitelist: true, forbidNonWhitelisted: true });
  return errors.flatMap((error) => toIssues(error, ''));
}

const isPlain = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** What is `undefined` or `null` counts as not written. */
export function withoutUnset(value: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).filter(([, entry]) => entry !== undefined && entry !== null));
}

function toIssues(error: ValidationError, parent: string): ConfigIssue[] {
  const option = `${parent}${error.property}`;
  const nested = (error.children ?? []).flatMap((child) => toIssues(child, `${option}.`));
  // The first failed check says enough: a missing list is also not a list of scopes.
  const [rule, message] = Object.entries(error.constraints ?? {})[0] ?? [];
  if (rule === undefined || message === undefined) return nested;
  if (rule === 'whitelistValidation') {
    return [{ option, problem: 'is not an option.', remedy: nearestName(error, parent) }];
  }
  const remedy = (error.contexts?.[rule] as { remedy?: string } | undefined)?.remedy ?? '';
  if (error.value === undefined) {
    const variable = environmentVariable(option);
    const inEnvironment = variable === undefined ? '' : ` (${variable} in the environment)`;
    return [{ option, problem: `is missing${inEnvironment}.`, remedy }];
  }
  return [{ option, problem: message, remedy }, ...nested];
}

function nearestName({ property, target }: ValidationError, parent: string): string {
  const names = [
    ...(target === undefined ? [] : namesOf(target.constructor)),
    ...(parent === '' ? Object.keys(defaultExtras) : []),
  ];
  const nearest = closest(property, names);
  return distance(property.toLowerCase(), nearest.toLowerCase()) <= Math.max(2, property.length / 3)
    ? `Did you mean ${nearest}?`
    : `There are ${names.toSorted().join(', ')}.`;
}

const namesOf = (schema: object): string[] => [
  ...new Set(
    getMetadataStorage()
      .getTargetValidationMetadatas(schema as never, '', false, false)
      .map(({ propertyName }) => propertyName),
  ),
];
