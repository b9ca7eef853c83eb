import express, {
  type ErrorRequestHandler,
  type Express,
  type NextFunction,
  type Request,
  type Response,
} from 'express';
import { endpointsOf } from './endpoints/index.js';
import type { Faults } from './faults/faults.js';
import { errorPage } from './pages/error.page.js';
import { randomHex } from './random.js';
import { dispatch, notFound, type Endpoint } from './wire/endpoint.js';
import { Exchange } from './wire/exchange.js';
import { AuthentikCrash } from './wire/oauth-errors.js';
import type { RequestLog } from './wire/request-log.js';
import type { World } from './wire/world.js';

/** What Authentik's framework takes at most. */
const MAX_BODY_BYTES = 2_621_440;

/** @returns the HTTP side of an embedded Authentik */
export function createEmbeddedApp(world: World, faults: Faults, log: RequestLog): Express {
  const app = express();
  app.disable('x-powered-by').disable('etag');
  // Slashes at the end and upper case make another path, here as there.
  app.enable('strict routing').enable('case sensitive routing');
  app.use(express.raw({ type: () => true, limit: MAX_BODY_BYTES, inflate: false }));

  const answer = (endpoint: Endpoint) => async (request: Request, response: Response, next: NextFunction) => {
    if (!isSlug(request.params['slug'])) {
      next();
      return;
    }
    const requestId = randomHex();
    const entry = log.add({
      method: request.method,
      path: request.path,
      endpoint: endpoint.name,
      atMs: world.clock.nowMs(),
    });
    response.on('finish', () => entry.answered(response.statusCode));
    commonHeaders(response, world, requestId);
    if (!isHost(request.headers.host)) {
      response
        .status(400)
        .set('Content-Type', 'text/html; charset=utf-8')
        .end(errorPage({ heading: 'Bad Request' }));
      return;
    }
    const exchange = new Exchange(world, request, response, requestId);
    if (world.habits.contentLanguage) response.setHeader('Content-Language', exchange.locale);
    if (!(await faults.apply(endpoint.name, response))) return;
    try {
      await dispatch(endpoint, exchange);
    } catch (error) {
      // The answer looks like a crash of the real server, so a crash of this one must be seen elsewhere.
      if (!(error instanceof AuthentikCrash)) entry.failed(error);
      throw error;
    }
  };
  app.use((request, response, next) =>
    isDecodable(request.path) ? next() : answer(notFound)(request, response, next),
  );
  for (const endpoint of [...endpointsOf(world.habits), notFound]) app.all(endpoint.path, answer(endpoint));
  app.use(failed(world));
  return app;
}

function commonHeaders(response: Response, { habits }: World, requestId: string): void {
  response.set({
    'X-authentik-id': requestId,
    'X-Frame-Options': 'DENY',
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'same-origin',
    Vary: habits.contentLanguage ? 'Accept-Language, Cookie' : 'Cookie',
    ...(habits.contentLanguage && { 'Content-Language': 'en' }),
  });
}

/** What is no slug is no path of an application, but one that leads nowhere. */
function isSlug(slug: unknown): boolean {
  return slug === undefined || (typeof slug === 'string' && /^[-a-zA-Z0-9_]+$/.test(slug));
}

/** Broken escapes lead nowhere, too; the router would refuse to read them. */
function isDecodable(path: string): boolean {
  try {
    decodeURIComponent(path);
    return true;
  } catch {
    return false;
  }
}

/** The issuer is made of it, so it must look like a host. */
function isHost(host: string | undefined): boolean {
  return host === undefined || /^(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?$/.test(host);
}

/** A request that can't be read is 400. A crash is a page for GET and an empty 405 for the rest, as Authentik's are. */
function failed(world: World): ErrorRequestHandler {
  return (error: unknown, request, response, next) => {
    if (response.headersSent) {
      next(error);
      return;
    }
    commonHeaders(response, world, randomHex());
    response.set('Content-Type', 'text/html; charset=utf-8');
    if (typeof error === 'object' && error !== null && 'status' in error && Number(error.status) < 500) {
      response.status(400).end(errorPage({ heading: 'Bad Request' }));
    } else if (request.method === 'GET') {
      response.status(500).end(errorPage({ heading: 'Server Error' }));
    } else {
      response.status(405).set('Allow', 'GET, HEAD, OPTIONS').end();
    }
  };
}
