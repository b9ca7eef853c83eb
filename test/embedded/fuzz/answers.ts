import { expect } from 'vitest';
import type { EndpointName, LoggedRequest } from './names.js';
import type { RawAnswer, RawRequest } from './send.js';

/** What the handlers of an endpoint answer; what is not named here may be anything that some endpoint answers. */
const STATUSES: Readonly<Partial<Record<EndpointName, readonly number[]>>> = {
  authorize: [200, 302, 400, 404],
  token: [200, 400],
  userinfo: [200, 401, 403],
  introspect: [200],
  revoke: [200, 401],
  discovery: [200, 404],
  jwks: [200, 404],
  'provider-root': [302],
  'end-session': [200, 302, 400, 404],
  health: [200],
};

const ANY: readonly number[] = [200, 302, 400, 401, 403, 404, 429];

/** What the framework answers to any request: a host that is none, a missing CSRF token, a method that is not there. */
const FRAMEWORK: readonly number[] = [400, 403, 405];

/** Endpoints that answer in JSON alone, but for what the framework says. */
const JSON_ONLY: ReadonlySet<EndpointName> = new Set(['token', 'introspect', 'revoke']);

/**
 * Where the real server is known to crash: a `max_age` that is no number, a response without code that shall go into the
 * query, a page that waits for a request that it does not know. It is a page for GET; every other crash is an empty 405.
 */
function mayCrash({ method, path }: RawRequest): boolean {
  if (method !== 'GET' && method !== 'HEAD') return false;
  if (path.startsWith('/policy/buffer')) return true;
  const query = new URLSearchParams(path.split('?').slice(1).join('?'));
  return query.has('max_age') || (query.getAll('response_mode').includes('query') && query.has('response_type'));
}

/** Fails unless Authentik could have answered so. */
export function checkAnswer(
  request: RawRequest,
  answer: RawAnswer,
  logged: LoggedRequest | undefined,
  secrets: readonly string[],
): void {
  const { status, headers, body } = answer;
  // Without an endpoint it was the parser: a body that can't be read.
  const own = request.method === 'OPTIONS' ? [200] : logged && (STATUSES[logged.endpoint] ?? ANY);
  const statuses = own === undefined ? [400] : [...own, ...FRAMEWORK];
  expect([...statuses, ...(mayCrash(request) ? [500] : [])]).toContain(status);
  expect(logged?.failure).toBeUndefined();

  expect(headers['x-authentik-id']).toMatch(/^[0-9a-f]{32}$/);
  expect(headers['x-frame-options']).toMatch(/^(?:DENY|SAMEORIGIN)$/);
  expect(headers['x-content-type-options']).toBe('nosniff');
  expect(headers['referrer-policy']).toBe('same-origin');
  expect(headers.vary).toContain('Cookie');
  expect(headers).not.toHaveProperty('x-powered-by');
  expect(headers).not.toHaveProperty('etag');

  const type = headers['content-type'] ?? '';
  expect(type).toMatch(/^(?:text\/html|application\/(?:jrd\+)?json|text\/css)(?:; charset=utf-8)?$/);
  if (logged !== undefined && JSON_ONLY.has(logged.endpoint) && status !== 405 && body !== '') {
    if (!FRAMEWORK.includes(status) || type.includes('json')) expect(type).toBe('application/json');
  }
  if (type.startsWith('application/') && request.method !== 'HEAD') JSON.parse(body);
  if (type.startsWith('text/html') && body !== '') expect(body).toMatch(/^<!doctype html>/i);
  if (status === 405) {
    expect(body).toBe('');
    expect(headers.allow).toMatch(/\bOPTIONS\b/);
  }
  if (status === 302) expect(headers.location).toMatch(/^[!-~]+$/);
  else expect(headers.location).toBeUndefined();
  if (status === 401 && logged?.endpoint === 'userinfo') expect(headers['www-authenticate']).toMatch(/^error="/);

  // Nothing of the engine, and no secret that the request did not bring itself.
  expect(body).not.toMatch(/node_modules|\.[jt]s:\d+|TypeError|at Object\./);
  const sent = JSON.stringify(request) + (request.body?.toString() ?? '') + decoded(request.path);
  const told = `${body}\n${JSON.stringify(headers)}`;
  for (const secret of secrets) if (!sent.includes(secret)) expect(told.includes(secret)).toBe(false);
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path.replaceAll('+', ' '));
  } catch {
    return path;
  }
}
