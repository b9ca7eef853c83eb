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
  private hasAnswered = false;

  constructor(
    private readonly incoming: McpRequest,
    private readonly response: ServerResponse,
  ) {
    this.request = new Proxy(Object.create(Request.prototype) as Request, { get: (_target, name) => this.read(name) });
  }

  /** What something of the app that works as the SDK's `requireBearerAuth` has found out; we put nothing there. */
  get authInfo(): AuthInfo | undefined {
    return (this.incoming as { auth?: AuthInfo }).auth;
  }

  /** Sends what a web handler has answered: at once, or for as long as it streams. */
  async send(answer: Response): Promise<void> {
    const { body, status } = answer;
    const headers = Object.fromEntries(answer.headers);
    if (this.isTaken) {
      await body?.cancel();
      return;
    }
    if (headers['content-type'] !== 'text/event-stream') {
      this.end(status, headers, body === null ? undefined : await contentOf(body));
      return;
    }
    this.response.writeHead(status, headers).flushHeaders();
    const source = Readable.fromWeb(body as ReadableStream).once('end', () => {
      this.hasAnswered = true;
    });
    try {
      await pipeline(source, this.response);
    } catch {
      // Its client left, or the token ended; the source has been cancelled.
    }
  }

  /** Sends a value as the whole answer. */
  sendJson(value: unknown): void {
    this.end(200, { 'content-type': 'application/json' }, Buffer.from(JSON.stringify(value)));
  }

  /** Somebody else has answered: a filter of the app, say, that does not wait any longer. */
  private get isTaken(): boolean {
    return this.response.headersSent;
  }

  private end(status: number, headers: Record<string, string>, content: Uint8Array | undefined): void {
    if (this.isTaken) return;
    this.hasAnswered = true;
    const length = content && { 'content-length': content.byteLength };
    this.response.writeHead(status, { ...headers, ...length }).end(content);
  }

  private read(name: string | symbol): unknown {
    if (name === 'method') return this.incoming.method;
    if (name === 'headers') return (this.headers ??= toHeaders(this.incoming.headers));
    if (name === 'signal') return this.signal();
    const request = (this.made ??= this.make());
    const value: unknown = Reflect.get(request, name, request);
    return typeof value === 'function' ? (value as (...parameters: unknown[]) => unknown).bind(request) : value;
  }

  /** Aborted when the response closes before our answer to it, whoever has ended it. */
  private signal(): AbortSignal {
    if (this.abort === undefined) {
      const abort = (this.abort = new AbortController());
      const { response } = this;
      if (response.destroyed) abort.abort();
      else {
        response.once('close', () => {
          if (!this.hasAnswered) abort.abort();
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
    // A target may be a whole URL (RFC 9112 §3.2.2).
    return new Request(url.startsWith('/') ? `${scheme}://${headers.host ?? 'localhost'}${url}` : url, {
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

/** As `Response.arrayBuffer()` does, which takes three times as long for an answer of one piece. */
async function contentOf(body: ReadableStream<Uint8Array>): Promise<Uint8Array> {
  const reader = body.getReader();
  const chunks: Uint8Array[] = [];
  for (let part = await reader.read(); !part.done; part = await reader.read()) chunks.push(part.value);
  const [first, ...others] = chunks;
  return first !== undefined && others.length === 0 ? first : Buffer.concat(chunks);
}
