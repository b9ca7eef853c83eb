import type { ServerResponse } from 'node:http';

import { type HttpException, HttpException as NestHttpException, Logger } from '@nestjs/common';
import type { ExternalContextCreator } from '@nestjs/core';
import type { McpHttpHandler } from '@rekog/mcp-nest';

import type { FrontOfEndpoint, McpRequest } from './front-of-endpoint.js';
import { jsonRpcCode, refuse } from './json-rpc-refusal.js';
import type { ScopeStepUp } from './scope-step-up.js';

type Serve = (request: McpRequest, response: ServerResponse) => Promise<unknown>;

/**
 * The HTTP pass of an MCP endpoint. It runs the app's global guards, interceptors and filters like any controller, but
 * stands at the path that clients were told, whatever prefix or version the app puts before its own routes.
 */
export class McpEndpoint {
  private readonly logger = new Logger('Authentik');
  private pipeline: Serve | undefined;

  constructor(
    private readonly front: FrontOfEndpoint,
    private readonly stepUp: ScopeStepUp,
    private readonly transport: McpHttpHandler,
  ) {}

  /** Called while the app starts, when all its global enhancers are known. */
  start(contexts: ExternalContextCreator): void {
    this.pipeline = contexts.create(this, this.serve as (...parameters: unknown[]) => unknown, 'serve') as Serve;
  }

  async handle(request: McpRequest, response: ServerResponse): Promise<void> {
    try {
      if (!(await this.front.admits(request, response)) || !this.stepUp.admits(request, response)) return;
      if (this.pipeline === undefined) throw new Error('The MCP endpoint was asked before the app was started.');
      await this.pipeline(request, response);
    } catch (error) {
      // A filter of the app has answered, or the stream has begun.
      if (response.headersSent) return;
      if (error instanceof NestHttpException) this.answer(response, error);
      else {
        this.logger.error(error);
        refuse(response, { status: 500, code: jsonRpcCode.internal, message: 'Internal server error' });
      }
    }
  }

  /** The handler that Nest sees. */
  readonly serve: Serve = async (request, response) => {
    if (request.method === 'POST') await this.transport.handlePost(request, response);
    else if (request.method === 'GET') await this.transport.handleGet(request, response);
    else if (request.method === 'DELETE') await this.transport.handleDelete(request, response);
    else {
      const headers = { Allow: 'POST, GET, DELETE, OPTIONS' };
      refuse(response, { status: 405, code: jsonRpcCode.invalidRequest, message: 'Method not allowed', headers });
    }
  };

  private answer(response: ServerResponse, exception: HttpException): void {
    const status = exception.getStatus();
    const code = status >= 500 ? jsonRpcCode.internal : jsonRpcCode.invalidRequest;
    refuse(response, { status, code, message: exception.message });
  }
}
