import { ProtocolError, ProtocolErrorCode } from '@modelcontextprotocol/server';
import type { McpCapabilityType } from '@rekog/mcp-nest';

import { type AuthentikError, InsufficientScopeError } from '../errors/index.js';
import type { AuthentikUser } from '../protocol/user.js';
import { refusalOf } from '../rules/guarded-request.js';
import type { CapabilityRules } from './capability-rules.js';

/** Handles one JSON-RPC method: the message, and the SDK's context. */
export type MethodHandler = (message: never, context: never) => unknown;

/** For whom messages are handled, and who hears of refusals. */
export interface GateContext {
  readonly rules: CapabilityRules;
  /** Of the message in hand. */
  readonly user: () => AuthentikUser | undefined;
  /** What a tool's `securitySchemes` name. */
  readonly scopes: readonly string[];
  readonly onRefusal: (error: AuthentikError, target: string) => void;
}

type Entry = Record<string, unknown>;

interface Listing {
  readonly member: string;
  readonly type: McpCapabilityType;
  readonly nameOf: (entry: Entry) => unknown;
}

interface Use {
  /** Absent for what is found by pattern. */
  readonly type?: McpCapabilityType;
  /** For the log. */
  readonly noun: string;
  readonly nameOf: (parameters: Entry) => unknown;
  readonly unknown: (name: string) => string;
}

const lists: Readonly<Record<string, Listing>> = {
  'tools/list': { member: 'tools', type: 'tool', nameOf: ({ name }) => name },
  'prompts/list': { member: 'prompts', type: 'prompt', nameOf: ({ name }) => name },
  'resources/list': { member: 'resources', type: 'resource', nameOf: ({ uri }) => uri },
  'resources/templates/list': {
    member: 'resourceTemplates',
    type: 'resource-template',
    nameOf: ({ uriTemplate }) => uriTemplate,
  },
};

// The words of mcp-nest for a name that does not exist: a name that the user may not know must get the same.
const uses: Readonly<Record<string, Use>> = {
  'tools/call': { type: 'tool', noun: 'tool', nameOf: ({ name }) => name, unknown: (name) => `Unknown tool: ${name}` },
  'prompts/get': {
    type: 'prompt',
    noun: 'prompt',
    nameOf: ({ name }) => name,
    unknown: (name) => `Unknown prompt: ${name}`,
  },
  // By URI, which a template may match: the guards at the handler decide, and their refusal is read afterwards.
  'resources/read': { noun: 'resource', nameOf: ({ uri }) => uri, unknown: (uri) => `Unknown resource: ${uri}` },
};

/**
 * Wraps the handler of a JSON-RPC method for one user: lists lose what the user may not use, and using it anyway is
 * answered as an unknown name is, so that nothing tells the two apart.
 * @throws {Error} for a method that we do not know how to protect
 */
export function gate(method: string, handler: MethodHandler, gateContext: GateContext): MethodHandler {
  const listing = lists[method];
  if (listing !== undefined) {
    return async (message, context) => filtered((await handler(message, context)) as Entry, listing, gateContext);
  }
  const use = uses[method];
  if (use !== undefined) return guarded(handler, use, gateContext);
  throw new Error(`nestjs-authentik does not know how to protect the MCP method ${method}; nothing is served.`);
}

function filtered(
  result: Entry,
  { member, type, nameOf }: Listing,
  { rules, user: currentUser, scopes }: GateContext,
): Entry {
  const user = currentUser();
  const entries = (result[member] as Entry[]).filter(
    (entry) => rules.whyHidden(type, String(nameOf(entry)), user) === undefined,
  );
  return { ...result, [member]: type === 'tool' ? entries.map((tool) => withSecuritySchemes(tool, scopes)) : entries };
}

/** mcp-nest says `noauth` of every tool without its own decorators; all tools here need a token. */
function withSecuritySchemes(tool: Entry, scopes: readonly string[]): Entry {
  return {
    ...tool,
    _meta: { ...(tool['_meta'] as object | undefined), securitySchemes: [{ type: 'oauth2', scopes }] },
  };
}

function guarded(
  handler: MethodHandler,
  { type, noun, nameOf, unknown }: Use,
  { rules, user: currentUser, onRefusal }: GateContext,
): MethodHandler {
  return async (message, context) => {
    const user = currentUser();
    const { params } = message as { params: Entry };
    const name = String(nameOf(params));
    const hidden = () => new ProtocolError(ProtocolErrorCode.InvalidParams, unknown(name));
    const refused = (error: AuthentikError) => {
      onRefusal(error, `${noun} ${name}`);
      // What lacks a scope may be known of; mostly it is refused before it comes here, see scope-step-up.ts.
      if (error instanceof InsufficientScopeError) {
        return new ProtocolError(ProtocolErrorCode.InvalidRequest, 'The access token lacks a scope');
      }
      return hidden();
    };
    const why = type === undefined ? undefined : rules.whyHidden(type, name, user);
    if (why !== undefined) throw why === 'unknown' ? hidden() : refused(why);
    // mcp-nest decodes the URI once a pattern fits, and fails; a URI that fits nothing would be unknown instead.
    if (type === undefined && !isDecodable(name)) throw hidden();
    let result: unknown;
    try {
      result = await handler(message, context);
    } catch (error) {
      const refusal = refusalOf(message);
      throw refusal === undefined ? error : refused(refusal);
    }
    // A filter of the app may have made a result out of the guard's exception.
    const refusal = refusalOf(message);
    if (refusal !== undefined) throw refused(refusal);
    return result;
  };
}

function isDecodable(name: string): boolean {
  try {
    decodeURIComponent(name);
    return true;
  } catch {
    return false;
  }
}
