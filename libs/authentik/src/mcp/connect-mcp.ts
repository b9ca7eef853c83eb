import type { INestApplication } from '@nestjs/common';
import { ExternalContextCreator, ModulesContainer } from '@nestjs/core';
import type { MicroserviceOptions } from '@nestjs/microservices';

import { AUTHENTIK_OPTIONS } from '../authentik.constants.js';
import type { ResolvedAuthentikOptions } from '../options/index.js';
import { ProtectedResources } from '../protected-resource/protected-resources.js';
import { Refusals } from '../rules/refusals.js';
import { authenticatedUser, RequestAuthentication } from '../rules/request-authentication.js';
import { currentRequest } from './current-request.js';
import { FrontOfEndpoint } from './front-of-endpoint.js';
import { GuardedMcpStrategy } from './guarded-mcp.strategy.js';
import { McpEndpoint } from './mcp-endpoint.js';
import type { McpCapabilities } from './run-time-capabilities.js';
import { ScopeStepUp } from './scope-step-up.js';
import { EndpointTransport } from './endpoint-transport.js';
import { type McpSessionOptions, Sessions } from './sessions.js';

/** An MCP endpoint and the server behind it. */
export interface McpOptions {
  /**
   * Path of the endpoint as clients call it, whatever prefix or version the app's own routes have. The resource
   * identifier is `publicUrl` + `path`. Default `/mcp`.
   */
  path?: string;
  /** Name of the server, shown by clients, and `resource_name` of its metadata. */
  name: string;
  /** Version of the server. */
  version: string;
  /** Name for people, where it differs from `name`. */
  title?: string;
  /** What the server is for. */
  description?: string;
  /** How a model should use the server. */
  instructions?: string;
  /**
   * Host names besides that of `publicUrl` that requests may be sent to, for example that of a proxy's upstream. Ports do
   * not count. Any other is 403.
   */
  allowedHosts?: string[];
  /**
   * Origins besides `publicUrl` whose pages may call the endpoint from a browser, compared whole: scheme, host and port.
   * With a `publicUrl` on loopback all pages of this machine may. Any other is 403.
   */
  allowedOrigins?: string[];
  /** Largest message, in bytes. Default 1 MiB. */
  maxBodyBytes?: number;
  /**
   * Keeps sessions for clients of protocol 2025-11-25, which can then open a stream for notifications. They live in this
   * process. Default: none; every message stands for itself, and any process can take it.
   */
  sessions?: McpSessionOptions;
  /** Serves the `@McpController({ server })` classes of this name; for several endpoints in one app. Default: those without. */
  server?: string;
}

/**
 * Serves the app's `@McpController` classes as an MCP server (protocol 2025-11-25 and 2026-07-28) behind Authentik: every
 * request needs an access token, and a user sees and uses only what the decorators of this library admit. Global guards,
 * interceptors, pipes and filters of the app run for tools as well.
 *
 * Call it after `NestFactory.create()` and before `app.init()` or `app.listen()`; the app must import
 * `AuthentikModule`, and run on `@nestjs/platform-express`.
 * @returns where tools, resources and prompts are registered at run time, each with its rule
 * @throws {Error} when one of these does not hold, or an option is not what it should be
 */
export async function connectMcp(app: INestApplication, options: McpOptions): Promise<McpCapabilities> {
  const {
    path = '/mcp',
    allowedHosts = [],
    allowedOrigins = [],
    maxBodyBytes = 1024 * 1024,
    sessions: sessionOptions,
    ...server
  } = options;
  if (!/^(?:\/[\w.~-]+)+$/u.test(path)) {
    throw new Error(
      `connectMcp: the path "${path}" is not one. Write it with its first slash and without a last: "/mcp".`,
    );
  }
  const adapter = app.getHttpAdapter();
  if (adapter.getType() !== 'express') {
    throw new Error('connectMcp: only @nestjs/platform-express is supported. Create the app without another adapter.');
  }
  const { authentication, refusals, resources, resolved } = dependencies(app);
  const context = resources.challengeContext(path);

  // A transport of its own for each app: one that is shared would go on serving an app that is closed.
  const sessions = sessionOptions && new Sessions(sessionOptions, (id) => transport.endSession(id));
  const transport = new EndpointTransport({
    mount: false,
    ...(sessions !== undefined && { statefulMode: true, sessionIdGenerator: () => beginSession(sessions) }),
  });
  const strategy = new GuardedMcpStrategy(
    { ...server, transports: [transport], logging: { level: ['error', 'warn'] } },
    app.get(ModulesContainer, { strict: false }),
    refusals,
    { path, scopes: context.scopes },
    () => sessions?.close(),
  );
  const front = new FrontOfEndpoint(
    { path, publicUrl: resolved.publicUrl, allowedHosts, allowedOrigins, maxBodyBytes },
    authentication,
    refusals,
  );
  const stepUp = new ScopeStepUp(path, strategy, refusals);
  const { clockToleranceSeconds } = resolved.tokens;
  const endpoint = new McpEndpoint(front, stepUp, transport.httpHandlers, sessions, clockToleranceSeconds);

  resources.register({
    path,
    name: server.title ?? server.name,
    // Late, so that global enhancers count that the app names after this call.
    start: async () => {
      endpoint.start(app.get(ExternalContextCreator, { strict: false }));
      // inheritAppConfig: without it the app's global guards would not run for tools.
      const microservice = app.connectMicroservice<MicroserviceOptions>({ strategy }, { inheritAppConfig: true });
      await microservice.listen();
    },
    close: () => endpoint.close(),
  });
  adapter.all(path, (request, response) => endpoint.handle(request, response));
  return strategy.capabilities;
}

/** Called while the transport handles the message that opens a session. */
function beginSession(sessions: Sessions): string {
  const request = currentRequest.getStore();
  const user = request && authenticatedUser(request);
  if (user === undefined) throw new Error('A session was to begin outside of a request.');
  return sessions.begin(user);
}

function dependencies(app: INestApplication) {
  try {
    return {
      authentication: app.get(RequestAuthentication, { strict: false }),
      refusals: app.get(Refusals, { strict: false }),
      resources: app.get(ProtectedResources, { strict: false }),
      resolved: app.get<ResolvedAuthentikOptions>(AUTHENTIK_OPTIONS, { strict: false }),
    };
  } catch (cause) {
    throw new Error('connectMcp: the app does not import AuthentikModule.forRoot() or forRootAsync().', { cause });
  }
}
