import { errorPage } from '../pages/error.page.js';
import type { Exchange } from './exchange.js';

/** Names of the endpoints, for faults and the request log. `other` is whatever has no name here. */
export const ENDPOINT_NAMES = [
  'authorize',
  'token',
  'userinfo',
  'introspect',
  'revoke',
  'discovery',
  'jwks',
  'provider-root',
  'sign-in',
  'consent',
  'end-session',
  'sign-out',
  'flow-executor',
  'policy-buffer',
  'device',
  'device-page',
  'health',
  'other',
] as const;

/** Name of an endpoint. */
export type EndpointName = (typeof ENDPOINT_NAMES)[number];

/** Answers one request. */
export type Handler = (exchange: Exchange) => void | Promise<void>;

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'HEAD' | 'OPTIONS';

/** One endpoint: a path, and what it does for which method. */
export interface Endpoint {
  readonly name: EndpointName;
  /** In Express' form; slashes count, and so does case. */
  readonly path: string;
  readonly GET?: Handler;
  readonly POST?: Handler;
  /** Default: 200 with `Allow`. */
  readonly OPTIONS?: Handler;
  /** Machines post here: no CSRF token is asked for. Elsewhere an unsafe method without one is a 403 page. */
  readonly csrfExempt?: boolean;
}

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE']);
/** The order in which the framework lists them. */
const METHODS: readonly Method[] = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'];

/** Lets an endpoint answer: by method, with the framework's own answers to the others. */
export async function dispatch(endpoint: Endpoint, exchange: Exchange): Promise<void> {
  const { method } = exchange.request;
  if (!(endpoint.csrfExempt ?? false) && !SAFE_METHODS.has(method) && !(method === 'POST' && endpoint.POST)) {
    exchange.html(
      403,
      errorPage({
        title: '403 Forbidden',
        heading: 'Forbidden (403)',
        text: 'CSRF verification failed. Request aborted.',
      }),
    );
    return;
  }
  const handler = method === 'HEAD' ? endpoint.GET : endpoint[method as 'GET' | 'POST' | 'OPTIONS'];
  if (handler !== undefined) return handler(exchange);
  exchange.empty(method === 'OPTIONS' ? 200 : 405, { Allow: allowed(endpoint) });
}

function allowed(endpoint: Endpoint): string {
  return METHODS.filter((method) =>
    method === 'OPTIONS' ? true : method === 'HEAD' ? endpoint.GET : endpoint[method as 'GET' | 'POST'],
  ).join(', ');
}

/** Paths that lead nowhere: a page for GET, for other methods a 405 that names the safe ones. Never a redirect. */
export const notFound: Endpoint = {
  name: 'other',
  path: '/{*path}',
  csrfExempt: true,
  GET: (exchange) => exchange.html(404, errorPage({ heading: 'Not Found' })),
};
