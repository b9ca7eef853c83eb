import type { IncomingMessage, ServerResponse } from 'node:http';

import type { McpHttpHandler as ModernHandler } from '@modelcontextprotocol/server';
import { Logger } from '@nestjs/common';
import { type McpHttpHandler, StreamableHttpTransport } from '@rekog/mcp-nest';

import { jsonRpcCode, refuse } from './json-rpc-refusal.js';
import type { McpRequest } from './message-body.js';
import { obviousEra } from './protocol-era.js';
import { singleAnswer, wantsSingleAnswer } from './single-answer.js';
import { WebExchange } from './web-exchange.js';

type Kind = Parameters<StreamableHttpTransport['notifyListChanged']>[0];

// mcp-nest's types name the members that it keeps to itself, and not what they are.
interface SessionServer {
  readonly server: { notification(notification: { readonly method: string }): Promise<void> };
}

type TransportContext = Parameters<StreamableHttpTransport['start']>[0];

/** The members of mcp-nest's transport that take a message which is read. */
interface MessageDoors {
  /** Answers messages of protocol 2026-07-28; there once the transport was started. */
  readonly modernHandler?: ModernHandler;
  /** Where that handler's servers find the request of Node that belongs to theirs. */
  readonly nodeRequestFor?: WeakMap<Request, IncomingMessage>;
  servedByModernEra(request: IncomingMessage, body: unknown): boolean;
  handleModern(request: IncomingMessage, response: ServerResponse, body: unknown): Promise<void>;
  handleStateless(request: Wrapped<IncomingMessage>, response: Wrapped<ServerResponse>, body: unknown): Promise<void>;
}

/** As mcp-nest passes on what the adapter gave it. */
interface Wrapped<T> {
  readonly raw: T;
}

const firstOf = (header: string | string[] | undefined) => (Array.isArray(header) ? header.join(', ') : header);

const notifications = {
  tools: 'notifications/tools/list_changed',
  resources: 'notifications/resources/list_changed',
  prompts: 'notifications/prompts/list_changed',
} as const;

/**
 * mcp-nest's transport, as our endpoints have it. It tells sessions too that a list has changed, where by itself it tells
 * subscribers of protocol 2026-07-28 alone, although it promises both; it sees at a look which era a message is of; and
 * a message without a session goes straight to the server that answers, for our front has judged its origin and its scopes
 * and has read its body. docs/decisions/0002 says why.
 */
export class EndpointTransport extends StreamableHttpTransport {
  private readonly logger = new Logger('Authentik');
  private readonly hasSessions: boolean;
  private context: TransportContext | undefined;

  constructor(options: ConstructorParameters<typeof StreamableHttpTransport>[0] = {}) {
    super(options);
    this.hasSessions = options.statefulMode === true;
    const look = (this as unknown as Partial<MessageDoors>).servedByModernEra?.bind(this);
    // A private method of mcp-nest: should it ever be called something else, calls are as slow as without this.
    if (look === undefined) return;
    const own: MessageDoors['servedByModernEra'] = (request, body) => {
      const era = obviousEra({ body, protocolVersion: firstOf(request.headers['mcp-protocol-version']) });
      return era === undefined ? look(request, body) : era === 'modern';
    };
    Object.defineProperty(this, 'servedByModernEra', { value: own });
  }

  override get httpHandlers(): McpHttpHandler {
    const handlers = super.httpHandlers;
    const { servedByModernEra, handleModern, handleStateless } = this as unknown as Partial<MessageDoors>;
    const areThere = servedByModernEra !== undefined && handleModern !== undefined && handleStateless !== undefined;
    if (this.hasSessions || !areThere) return handlers;
    return { ...handlers, handlePost: (request: McpRequest, response: ServerResponse) => this.post(request, response) };
  }

  override start(context: TransportContext): void {
    this.context = context;
    super.start(context);
  }

  private async post(request: McpRequest, response: ServerResponse): Promise<void> {
    const doors = this as unknown as MessageDoors;
    const { body } = request;
    try {
      if (wantsSingleAnswer(request)) await this.answerOnce(request, response);
      else if (doors.servedByModernEra(request, body)) await this.answerModern(request, response);
      else await doors.handleStateless({ raw: request }, { raw: response }, body);
    } catch (error) {
      this.logger.error(error);
      if (response.headersSent) return;
      refuse(response, { status: 500, code: jsonRpcCode.internal, message: 'Internal server error' });
    }
  }

  /** As `handleStateless` does, without a transport that makes web requests and responses of what is JSON. */
  private async answerOnce(request: McpRequest, response: ServerResponse): Promise<void> {
    const { context } = this;
    if (context === undefined) throw new Error('The MCP endpoint was asked before it was started.');
    const server = context.createServer();
    context.bindRequestHandlers(server, { transport: this.kind, stateless: true, era: 'legacy' }, request);
    // Whoever has answered: a tool that is still at work is told that nobody waits for it.
    response.once('finish', () => void server.close());
    const exchange = new WebExchange(request, response);
    const answer = await singleAnswer(server, request.body, exchange);
    if (answer !== undefined) exchange.sendJson(answer);
  }

  /**
   * As `handleModern` does, without its AsyncLocalStorage, which would make each promise of the process dearer only to
   * find a request that is at hand here, and without a whole web request that nobody reads.
   */
  private async answerModern(request: McpRequest, response: ServerResponse): Promise<void> {
    const doors = this as unknown as MessageDoors;
    const { modernHandler, nodeRequestFor } = doors;
    if (modernHandler === undefined || nodeRequestFor === undefined) {
      await doors.handleModern(request, response, request.body);
      return;
    }
    const exchange = new WebExchange(request, response);
    const { authInfo } = exchange;
    nodeRequestFor.set(exchange.request, request);
    const options = { parsedBody: request.body, ...(authInfo !== undefined && { authInfo }) };
    await exchange.send(await modernHandler.fetch(exchange.request, options));
  }

  override notifyListChanged(kind: Kind): void {
    super.notifyListChanged(kind);
    for (const { server } of Object.values(this['servers'] as Readonly<Record<string, SessionServer>>)) {
      // Rejects where a session has been told that there is no such list; it is about to end.
      server.notification({ method: notifications[kind] }).catch(() => undefined);
    }
  }

  /** Ends what is kept of a session; unknown ids are fine. */
  endSession(id: string): void {
    void this['cleanupSession'](id);
  }
}
