import type { ExecutionContext } from '@nestjs/common';

import { type AuthentikError, UnsupportedTransportError } from '../errors/index.js';

/** An HTTP request that a guard stands before. */
interface GuardedHttpRequest {
  readonly transport: 'http';
  readonly request: object;
  readonly response: object;
}

/** An MCP message that a guard stands before, and the HTTP request that brought it. */
interface GuardedMcpMessage {
  readonly transport: 'mcp';
  readonly request: object;
  /** The JSON-RPC message, the same object in all who handle it. */
  readonly message: object;
}

export type GuardedRequest = GuardedHttpRequest | GuardedMcpMessage;

interface McpContextLike {
  getRawRequest(): unknown;
  readonly mcpRequest: unknown;
}

/**
 * What a guard or a parameter decorator looks at, on any transport that we know. On the RPC pass the
 * first argument is never looked at: those are the tool's arguments, the caller's own words.
 * @throws {UnsupportedTransportError} for any other transport, and for MCP over stdio, which has no request
 */
export function guardedRequest(context: ExecutionContext): GuardedRequest {
  const type: string = context.getType();
  if (type === 'http') {
    // What `switchToHttp()` gives; it makes three functions for that, each time.
    return { transport: 'http', request: context.getArgByIndex(0), response: context.getArgByIndex(1) };
  }
  if (type === 'rpc') {
    const rpc: unknown = context.getArgByIndex(1);
    if (isMcpContext(rpc)) {
      const request = rpc.getRawRequest();
      if (isObject(request) && isObject(rpc.mcpRequest)) {
        return { transport: 'mcp', request, message: rpc.mcpRequest };
      }
    }
  }
  throw new UnsupportedTransportError(type);
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

function isMcpContext(value: unknown): value is McpContextLike {
  return (
    isObject(value) && 'getRawRequest' in value && typeof value.getRawRequest === 'function' && 'mcpRequest' in value
  );
}

// How the RPC pass tells the MCP door that a guard of ours refused a message. An exception alone would not do: filters
// of the app may turn it into anything.
const refusals = new WeakMap<object, AuthentikError>();

export function noteRefusal(message: object, error: AuthentikError): void {
  refusals.set(message, error);
}

export function refusalOf(message: object): AuthentikError | undefined {
  return refusals.get(message);
}
