/** From this revision of the protocol on, each message says in itself which one it speaks. */
const firstModernVersion = '2026-07-28';

/** Of a request: what tells the eras apart. */
export interface EraClues {
  /** `MCP-Protocol-Version`. */
  readonly protocolVersion: string | undefined;
  readonly body: unknown;
}

/**
 * Which half of the transport a POST is for, where a look is enough: at requests as clients send them. The SDK parses
 * each message against up to four schemas to find that out, which takes longer than all that we do.
 * @returns `undefined` where the SDK has to look
 */
export function obviousEra({ protocolVersion, body }: EraClues): 'legacy' | 'modern' | undefined {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return undefined;
  const { jsonrpc, id, method, params, ...others } = body as Record<string, unknown>;
  if (typeof method !== 'string' || id === undefined) return undefined;
  // Whatever else is wrong with it, only the modern half knows what to answer.
  if (protocolVersion !== undefined && protocolVersion >= firstModernVersion) return 'modern';
  const isRequest =
    jsonrpc === '2.0' && (typeof id === 'string' || Number.isSafeInteger(id)) && Object.keys(others).length === 0;
  return isRequest && claimsNothing(params) ? 'legacy' : undefined;
}

function claimsNothing(params: unknown): boolean {
  if (params === undefined) return true;
  if (typeof params !== 'object' || params === null || Array.isArray(params)) return false;
  return !('_meta' in params);
}
