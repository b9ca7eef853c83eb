import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

import type { AuthInfo } from '@modelcontextprotocol/server';

import type { McpRequest } from './message-body.js';

/**
 * A request whose body is read, and its answer, as the SDK's web handlers have them. The SDK's own bridge makes a whole
 * `Request` of each message, body included, of which its handlers read the method, a few headers and the signal; that
 * took longer than all that we do. Here it is made when somebody asks for more.
 */
export class WebExchange {
  /** What a tool finds as `http.req` in the SDK's context. */
  readonly request: Request;
  private headers: Headers | undefined;
  private abort: AbortController | undefined;
  private made: Request | undefined;

  constructor(
    private readonly incoming: McpRequest,
    private readonly response: ServerResponse,
  ) {
    this.request = new Proxy(Object.create(Request.prototype) as Request, { get: (_target, name) => this.read(name) });
  }

  /** What a middleware of the app that follows the SDK's has found out; ours puts nothing there. */
  get authInfo(): AuthInfo | undefined {
    return (this.incoming as { auth?: AuthInfo }).auth;
  }

  /** Sends what a web handler has answered: at once, or for as long as it streams. */
  async send(answer: Response): Promise<void> {
    const { response } = this;
    const headers = Object.fromEntries(answer.headers);
    if (answer.body === null) {
      response.writeHead(answer.status, headers).end();
      return;
    }
    if (headers['content-type'] !== 'text/event-stream') {
      const content = await contentOf(answer.body);
      response.writeHead(answer.status, { ...headers, 'content-length': content.byteLength }).end(content);
      return;
    }
    response.writeHead(answer.status, headers).flushHeaders();
    try {
      await pipeline(Readable.fromWeb(answer.body), response);
    } catch {
      // Its client left, or the token ended; the source has been cancelled.
    }
  }

  private read(name: string | symbol): unknown {
    if (name === 'method') return this.incoming.method;
    if (name === 'headers') return (this.headers ??= toHeaders(this.incoming.headers));
    if (name === 'signal') return this.signal();
    const request = (this.made ??= this.make());
    const value: unknown = Reflect.get(request, name, request);
    return typeof value === 'function' ? (value as (...parameters: unknown[]) => unknown).bind(request) : value;
  }

  /** Aborted when the connection ends before its answer. */
  private signal(): AbortSignal {
    if (this.abort === undefined) {
      const abort = (this.abort = new AbortController());
      const { response } = this;
      if (response.destroyed) abort.abort();
      else {
        response.once('close', () => {
          if (!response.writableEnded) abort.abort();
        });
      }
    }
    return this.abort.signal;
  }

  private make(): Request {
    const { method = 'GET', url = '/', headers, socket, body } = this.incoming;
    const scheme = 'encrypted' in socket ? 'https' : 'http';
    const own = toHeaders(headers);
    // Of the bytes that came, which these are not.
    for (const name of ['content-encoding', 'content-length', 'transfer-encoding']) own.delete(name);
    return new Request(`${scheme}://${headers.host ?? 'localhost'}${url}`, {
      method,
      headers: own,
      signal: this.signal(),
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
  }
}

function toHeaders(incoming: IncomingMessage['headers']): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(incoming)) {
    if (typeof value === 'string') headers.set(name, value);
    else for (const one of value ?? []) headers.append(name, one);
  }
  return headers;
}

async function contentOf(body: ReadableStream<Uint8Array>): Promise<Uint8Array> {
  const reader = body.getReader();
  const chunks: Uint8Array[] = [];
  for (let part = await reader.read(); !part.done; part = await reader.read()) chunks.push(part.value);
  const [first, ...others] = chunks;
  return first !== undefined && others.length === 0 ? first : Buffer.concat(chunks);
}
