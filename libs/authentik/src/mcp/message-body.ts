import type { IncomingMessage, ServerResponse } from 'node:http';

import { json, type RequestHandler } from 'express';

/** A request once its body is read. */
export type McpRequest = IncomingMessage & { body?: unknown };

/** Reads the JSON body of a request, in the form that `express` gives it. */
export class MessageBody {
  private readonly parse: RequestHandler;

  constructor(private readonly maxBodyBytes: number) {
    this.parse = json({ limit: maxBodyBytes });
  }

  /**
   * Sets `request.body`; leaves it alone where there is no JSON.
   * @throws {Error} with `status` 400, 413 or 415, as `body-parser` does, or none for what is no JSON
   */
  async read(request: McpRequest, response: ServerResponse): Promise<void> {
    if (this.isPlain(request)) request.body = await readPlain(request);
    else await this.readAny(request, response);
  }

  /** As clients of MCP send their messages. What has to be limited, decoded or converted is left to `body-parser`. */
  private isPlain(request: McpRequest): boolean {
    const { headers, readableDidRead } = request;
    return (
      !readableDidRead &&
      headers['content-type'] === 'application/json' &&
      headers['content-encoding'] === undefined &&
      Number(headers['content-length']) <= this.maxBodyBytes
    );
  }

  private readAny(request: McpRequest, response: ServerResponse): Promise<void> {
    return new Promise((resolve, reject) => {
      this.parse(request as never, response as never, (error?: unknown) =>
        error === undefined || error === null ? resolve() : reject(error),
      );
    });
  }
}

/** The HTTP parser takes no more than `Content-Length` says. */
function readPlain(request: IncomingMessage): Promise<object> {
  return new Promise((resolve, reject) => {
    if (request.destroyed) throw new Error('The request was broken off.');
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.once('end', () => {
      try {
        const value: unknown = JSON.parse((chunks.length === 1 ? chunks[0] : Buffer.concat(chunks))?.toString() ?? '');
        if (typeof value !== 'object' || value === null) throw new SyntaxError('Neither an object nor an array.');
        resolve(value);
      } catch (error) {
        reject(error);
      }
    });
    request.once('close', () => {
      if (!request.readableEnded) reject(new Error('The request was broken off.'));
    });
  });
}
