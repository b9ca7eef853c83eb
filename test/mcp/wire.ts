/** What every client sends with a message. */
export const wireHeaders = {
  accept: 'application/json, text/event-stream',
  'content-type': 'application/json',
} as const;

interface WireMessage {
  readonly headers: Record<string, string>;
  readonly body: object;
}

/** A message of the era with sessions, sent without one. */
export function legacyPost(method: string, parameters: object = {}): WireMessage {
  return { headers: {}, body: { jsonrpc: '2.0', id: 7, method, params: parameters } };
}

/** A message of the stateless era: each request says who it is, in the body and again in headers. */
export function modernPost(method: string, parameters: object = {}): WireMessage {
  const { name, uri } = parameters as { name?: string; uri?: string };
  const target = name ?? uri;
  return {
    headers: {
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': method,
      ...(target !== undefined && { 'mcp-name': target }),
    },
    body: {
      jsonrpc: '2.0',
      id: 7,
      method,
      params: {
        ...parameters,
        _meta: {
          'io.modelcontextprotocol/protocolVersion': '2026-07-28',
          'io.modelcontextprotocol/clientCapabilities': {},
          'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
        },
      },
    },
  };
}
