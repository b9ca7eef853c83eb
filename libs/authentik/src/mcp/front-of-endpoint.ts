import type { ServerResponse } from 'node:http';

import { Logger } from '@nestjs/common';
import { AuthentikError } from '../errors/index.js';
import { timesSent } from '../http/times-sent.js';
import { isLater } from '../rules/later.js';
import type { Refusals } from '../rules/refusals.js';
import type { RequestAuthentication } from '../rules/request-authentication.js';
import { AllowedSources, type SourceOptions } from './allowed-sources.js';
import { jsonRpcCode, refuse, refuseWith } from './json-rpc-refusal.js';
import { type McpRequest, MessageBody } from './message-body.js';

export interface FrontOptions extends SourceOptions {
  readonly path: string;
  readonly maxBodyBytes: number;
}

const bearerOnly = ['bearer'] as const;

/** Headers that browser clients send and read. */
const corsHeaders = {
  'Access-Control-Allow-Methods': 'POST, GET, DELETE, OPTIONS',
  'Access-Control-Allow-Headers':
    'Authorization, Content-Type, MCP-Protocol-Version, Mcp-Method, Mcp-Name, Mcp-Session-Id, Last-Event-ID',
  'Access-Control-Expose-Headers': 'WWW-Authenticate, Mcp-Session-Id',
  Vary: 'Origin',
};

/**
 * What stands before an MCP endpoint, in this order: host and origin (403), preflight, bearer token (401 on every
 * verb), body (413, 415, 400). It is mounted before the app's body parser, so that nothing of a stranger is parsed.
 * @see MCP transports, "Security Warning"
 */
export class FrontOfEndpoint {
  private readonly logger = new Logger('Authentik');
  private readonly sources: AllowedSources;
  private readonly body: MessageBody;

  constructor(
    private readonly options: FrontOptions,
    private readonly authentication: RequestAuthentication,
    private readonly refusals: Refusals,
  ) {
    this.sources = new AllowedSources(options);
    this.body = new MessageBody(options.maxBodyBytes);
  }

  /** @returns whether the request may go on; if not, it has been answered. At once, where nothing has to be awaited. */
  admits(request: McpRequest, response: ServerResponse): boolean | Promise<boolean> {
    if (!this.comesFromWhereItMay(request, response) || this.isPreflight(request, response)) return false;
    const isAuthenticated = this.isAuthenticated(request, response);
    return typeof isAuthenticated === 'boolean'
      ? isAuthenticated && this.hasOneMessage(request, response)
      : isAuthenticated.then((is) => is && this.hasOneMessage(request, response));
  }

  private comesFromWhereItMay({ headers }: McpRequest, response: ServerResponse): boolean {
    const deny = (option: string) => {
      this.logger.warn(
        `${this.options.path}: a request was refused for its ${option}. connectMcp() takes more of them.`,
      );
      refuse(response, { status: 403, code: jsonRpcCode.invalidRequest, message: 'Host or Origin is not allowed' });
      return false;
    };
    if (!this.sources.allowsHost(headers.host)) return deny('Host (option allowedHosts)');
    if (!this.sources.allowsOrigin(headers.origin)) return deny('Origin (option allowedOrigins)');
    if (headers.origin !== undefined) {
      response.setHeader('Access-Control-Allow-Origin', headers.origin);
      for (const [name, value] of Object.entries(corsHeaders)) response.setHeader(name, value);
    }
    return true;
  }

  private isPreflight({ method }: McpRequest, response: ServerResponse): boolean {
    if (method !== 'OPTIONS') return false;
    response.writeHead(204, { Allow: 'POST, GET, DELETE, OPTIONS', 'Content-Length': 0 }).end();
    return true;
  }

  private isAuthenticated(request: McpRequest, response: ServerResponse): boolean | Promise<boolean> {
    const refused = (error: unknown): false => {
      if (!(error instanceof AuthentikError)) throw error;
      refuseWith(response, this.refusals.answer(error, request, { endpoint: this.options.path }));
      return false;
    };
    try {
      // A cookie opens no endpoint: browsers send it for whoever asks.
      const user = this.authentication.authenticate(request, response, bearerOnly);
      return isLater(user) ? user.then(() => true, refused) : true;
    } catch (error) {
      return refused(error);
    }
  }

  /** A body of another type is not left for somebody else to read: an array in it would be a batch unseen. */
  private hasOneMessage(request: McpRequest, response: ServerResponse): boolean | Promise<boolean> {
    return request.method !== 'POST' || this.readsOneMessage(request, response);
  }

  private async readsOneMessage(request: McpRequest, response: ServerResponse): Promise<boolean> {
    const deny = (status: number, code: number, message: string) => {
      refuse(response, { status, code, message });
      return false;
    };
    // Somebody in between may have taken the other one for its type.
    if (timesSent(request, 'content-type') > 1) {
      return deny(415, jsonRpcCode.invalidRequest, 'Send one Content-Type');
    }
    try {
      await this.body.read(request, response);
    } catch (error) {
      const { status } = error as { status?: unknown };
      if (status === 413) return deny(413, jsonRpcCode.invalidRequest, 'The message is too large');
      if (status === 415) return deny(415, jsonRpcCode.invalidRequest, 'The message has an unsupported encoding');
      return deny(400, jsonRpcCode.parse, 'Parse error');
    }
    const { body } = request;
    if (body === undefined)
      return deny(415, jsonRpcCode.invalidRequest, 'Send one JSON-RPC message as application/json');
    if (Array.isArray(body)) return deny(400, jsonRpcCode.invalidRequest, 'JSON-RPC batches are not supported');
    return true;
  }
}
