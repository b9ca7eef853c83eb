import type { ServerResponse } from 'node:http';

import type { AuthentikError } from '../errors/index.js';
import type { AuthentikUser } from '../protocol/user.js';
import type { Refusals } from '../rules/refusals.js';
import { authenticatedUser } from '../rules/request-authentication.js';
import type { CapabilityRules } from './capability-rules.js';
import type { McpRequest } from './message-body.js';
import { refuseWith } from './json-rpc-refusal.js';

/**
 * Refuses, before a message is handled, what a user may know of and the token has no scope for. It has to be the HTTP
 * answer: clients read the scopes to ask for from its challenge, not from a JSON-RPC error.
 * @see MCP authorization, "Scope Challenge Handling"
 */
export class ScopeStepUp {
  constructor(
    private readonly path: string,
    private readonly source: { readonly rules: CapabilityRules | undefined },
    private readonly refusals: Refusals,
  ) {}

  /** @returns whether the request may go on; if not, it has been answered */
  admits(request: McpRequest, response: ServerResponse): boolean {
    const { rules } = this.source;
    const user = authenticatedUser(request);
    const use = usedBy(request.body);
    if (rules === undefined || user === undefined || use === undefined) return true;
    const lack = lackOfScope(rules, use, user);
    if (lack === undefined) return true;
    const target = `${use.noun} ${use.name}`;
    refuseWith(response, this.refusals.answer(lack, request, { endpoint: this.path, target }));
    return false;
  }
}

interface Use {
  readonly noun: 'tool' | 'prompt' | 'resource';
  readonly name: string;
}

function usedBy(body: unknown): Use | undefined {
  if (typeof body !== 'object' || body === null) return undefined;
  const { method, params } = body as { method?: unknown; params?: unknown };
  if (typeof params !== 'object' || params === null) return undefined;
  const { name, uri } = params as { name?: unknown; uri?: unknown };
  if (method === 'tools/call' && typeof name === 'string') return { noun: 'tool', name };
  if (method === 'prompts/get' && typeof name === 'string') return { noun: 'prompt', name };
  if (method === 'resources/read' && typeof uri === 'string') return { noun: 'resource', name: uri };
  return undefined;
}

function lackOfScope(rules: CapabilityRules, { noun, name }: Use, user: AuthentikUser): AuthentikError | undefined {
  if (noun !== 'resource') return rules.lackOfScope(noun, name, user);
  // Which of several patterns is taken is for mcp-nest to say; where one of them would do, the guards decide later.
  const candidates = rules.resourcesFor(name);
  const lacks = candidates.map((candidate) => rules.lackOfScope(candidate.type, candidate.name, user));
  return lacks.every((lack) => lack !== undefined) ? lacks[0] : undefined;
}
