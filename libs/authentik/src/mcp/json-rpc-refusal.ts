import type { ServerResponse } from 'node:http';

import type { WireAnswer } from '../protocol/to-wire.js';

/** JSON-RPC 2.0 codes of the answers that are given before a message is handled. */
export const jsonRpcCode = {
  parse: -32700,
  invalidRequest: -32600,
  internal: -32603,
  sessionNotFound: -32001,
} as const;

export interface JsonRpcRefusal {
  readonly status: number;
  readonly code: number;
  readonly message: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Ends a request with a JSON-RPC error; without an id, for no message was read. */
export function refuse(response: ServerResponse, { status, code, message, headers = {} }: JsonRpcRefusal): void {
  const body = JSON.stringify({ jsonrpc: '2.0', error: { code, message }, id: null });
  response.writeHead(status, {
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(body),
    'Cache-Control': 'no-store',
    ...headers,
  });
  response.end(body);
}

/** Ends a request with a refusal of this library: its status and challenge, and its text as the JSON-RPC error. */
export function refuseWith(response: ServerResponse, { status, headers, description }: WireAnswer): void {
  const code = status >= 500 ? jsonRpcCode.internal : jsonRpcCode.invalidRequest;
  refuse(response, { status, code, message: description, headers });
}
