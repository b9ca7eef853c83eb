import type { ServerResponse } from 'node:http';

import { type HttpException, HttpException as NestHttpException, Logger } from '@nestjs/common';
import type { ExternalContextCreator } from '@nestjs/core';
import type { McpHttpHandler } from '@rekog/mcp-nest';

import { authenticatedUser } from '../rules/request-authentication.js';
import type { FrontOfEndpoint } from './front-of-endpoint.js';
import { currentRequest } from './current-request.js';
import { jsonRpcCode, refuse } from './json-rpc-refusal.js';
import type { McpRequest } from './message-body.js';
import { OpenAnswers } from './open-answers.js';
import type { ScopeStepUp } from './scope-step-up.js';
import type { Sessions } from './sessions.js';

type Serve = (request: McpRequest, response: ServerResponse) => Promise<unknown>;

/**
 * The HTTP pass of an MCP endpoint. It runs the app's global guards, interceptors and filters like any controller, but
 * stands at the path that clients were told, whatever prefix or version the app puts before its own routes.
 */
export class McpEndpoint {
  private readonly logger = new Logger('Authentik');
  private readonly answers = new OpenAnswers();
  private readonly streams = new Set<ServerResponse>();
  private pipeline: Serve | undefined;

  constructor(
    private readonly front: FrontOfEndpoint,
    private readonly stepUp: ScopeStepUp,
    private readonly transport: McpHttpHandler,
    private readonly sessions: Sessions | undefined,
    private readonly clockToleranceSeconds: number,
  ) {}

  /** Called when the app closes, before the HTTP server does, which waits for every open answer. */
  close(): void {
    this.sessions?.close();
    this.answers.close();
    for (const stream of this.streams) stream.end();
  }

  /** Called while the app starts, when all its global enhancers are known. */
  start(contexts: ExternalContextCreator): void {
    this.pipeline = contexts.create(this, this.serve as (...parameters: unknown[]) => unknown, 'serve') as Serve;
  }

  async handle(request: McpRequest, response: ServerResponse): Promise<void> {
    try {
      if (!(await this.front.admits(request, response))) return;
      // Its client left meanwhile: who waits from now on for it to close would wait for ever.
      if (response.destroyed) return;
      if (!this.isOfOwnSession(request, response) || !this.stepUp.admits(request, response)) return;
      if (this.pipeline === undefined) throw new Error('The MCP endpoint was asked before the app was started.');
      if (isStream(request)) {
        this.streams.add(response);
        response.once('close', () => this.streams.delete(response));
      }
      const user = authenticatedUser(request);
      if (user !== undefined) this.answers.begin(response, (user.expiresAt + this.clockToleranceSeconds) * 1000);
      // Only servers that outlive a request have to be told which one is theirs now, and each promise then costs more.
      if (this.sessions === undefined) await this.pipeline(request, response);
      else await currentRequest.run(request, this.pipeline, request, response);
    } catch (error) {
      // A filter of the app has answered, or the stream has begun.
      if (response.headersSent) return;
      if (error instanceof NestHttpException) this.answer(response, error);
      else {
        this.logger.error(error);
        refuse(response, { status: 500, code: jsonRpcCode.internal, message: 'Internal server error' });
      }
    } finally {
      this.answers.end(response);
    }
  }

  /** The handler that Nest sees. */
  readonly serve: Serve = async (request, response) => {
    const { method } = request;
    const hasSessions = this.sessions !== undefined;
    if (method === 'POST') await this.transport.handlePost(request, response);
    else if (hasSessions && method === 'GET') await this.transport.handleGet(request, response);
    else if (hasSessions && method === 'DELETE') await this.endSession(request, response);
    else {
      const headers = { Allow: hasSessions ? 'POST, GET, DELETE, OPTIONS' : 'POST, OPTIONS' };
      refuse(response, { status: 405, code: jsonRpcCode.invalidRequest, message: 'Method not allowed', headers });
    }
  };

  /** The transport does not tell by itself that a session has ended, and it would go on to count. */
  private async endSession(request: McpRequest, response: ServerResponse): Promise<void> {
    await this.transport.handleDelete(request, response);
    if (response.statusCode === 200) this.sessions?.finish(String(request.headers['mcp-session-id']));
  }

  private isOfOwnSession(request: McpRequest, response: ServerResponse): boolean {
    const { 'mcp-session-id': id } = request.headers;
    if (this.sessions === undefined || id === undefined) return true;
    if (this.sessions.admits(String(id), authenticatedUser(request), response)) return true;
    refuse(response, { status: 404, code: jsonRpcCode.sessionNotFound, message: 'Session not found' });
    return false;
  }

  private answer(response: ServerResponse, exception: HttpException): void {
    const status = exception.getStatus();
    const code = status >= 500 ? jsonRpcCode.internal : jsonRpcCode.invalidRequest;
    refuse(response, { status, code, message: exception.message });
  }
}

/** Whether a request asks for an answer that has no end of its own. */
function isStream({ method, body }: McpRequest): boolean {
  return method === 'GET' || (body as { method?: unknown } | undefined)?.method === 'subscriptions/listen';
}
