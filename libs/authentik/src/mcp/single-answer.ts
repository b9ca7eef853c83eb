import {
  InMemoryTransport,
  type JSONRPCMessage,
  SUPPORTED_PROTOCOL_VERSIONS,
  type Transport,
} from '@modelcontextprotocol/server';

import type { McpRequest } from './message-body.js';
import { obviousEra } from './protocol-era.js';
import type { WebExchange } from './web-exchange.js';

/** What of the SDK's servers is used here; mcp-nest's copy of their types differs from ours by name. */
interface Connectable {
  connect(transport: Transport): Promise<void>;
}

/**
 * Whether a request is a single one of protocol 2025-11-25 that the SDK's HTTP transport would have nothing to say
 * against: it passes the message on, and its answer back. Whatever it may refuse, or answer by more than one message, is
 * left to it.
 */
export function wantsSingleAnswer({ headers, body }: McpRequest): boolean {
  const { accept, 'content-type': type, 'mcp-protocol-version': version } = headers;
  return (
    type === 'application/json' &&
    accept?.includes('application/json') === true &&
    accept.includes('text/event-stream') &&
    (version === undefined || (typeof version === 'string' && SUPPORTED_PROTOCOL_VERSIONS.includes(version))) &&
    obviousEra({ body, protocolVersion: version }) === 'legacy'
  );
}

/**
 * The answer of a server to one request, as the SDK's transport without sessions gives it: what the server says besides,
 * notifications and requests of its own, has nowhere to go there either.
 * @returns `undefined` where the server is closed before it has answered
 */
export async function singleAnswer(
  server: Connectable,
  message: unknown,
  { request, authInfo }: Pick<WebExchange, 'request' | 'authInfo'>,
): Promise<JSONRPCMessage | undefined> {
  const [client, own]: readonly [Transport, Transport] = InMemoryTransport.createLinkedPair();
  const answer = new Promise<JSONRPCMessage | undefined>((resolve) => {
    // oxlint-disable-next-line unicorn/prefer-add-event-listener -- a transport of the SDK is no EventTarget
    client.onmessage = (said) => {
      if (!('method' in said)) resolve(said);
    };
    // oxlint-disable-next-line unicorn/prefer-add-event-listener -- a transport of the SDK is no EventTarget
    client.onclose = () => resolve(undefined);
  });
  await server.connect(own);
  own.onmessage?.(message as JSONRPCMessage, { request, ...(authInfo !== undefined && { authInfo }) });
  return answer;
}
