import type { McpStrategy } from '@rekog/mcp-nest';

import { type AccessRule, decideAccess } from '../protocol/access-decision.js';
import { noteRefusal } from '../rules/guarded-request.js';
import { authenticatedUser } from '../rules/request-authentication.js';

export type ToolDefinition = Parameters<McpStrategy['registerTool']>[0];
export type ResourceDefinition = Parameters<McpStrategy['registerResource']>[0];
export type PromptDefinition = Parameters<McpStrategy['registerPrompt']>[0];

/**
 * Who may use something that is registered at run time, in the words of the decorators. `{}` is any token that the
 * endpoint accepts.
 */
export type CapabilityRule = Pick<
  AccessRule,
  'allowedGroups' | 'requiredGroups' | 'prohibitedGroups' | 'requiredScopes'
>;

/** What is served by an endpoint besides its controllers, for as long as the app runs. */
export interface McpCapabilities {
  /** @throws {Error} the name is taken, or the rule names nobody */
  registerTool(definition: ToolDefinition, rule: CapabilityRule): void;
  /** @throws {Error} the URI is taken, or the rule names nobody */
  registerResource(definition: ResourceDefinition, rule: CapabilityRule): void;
  /** @throws {Error} the name is taken, or the rule names nobody */
  registerPrompt(definition: PromptDefinition, rule: CapabilityRule): void;
  removeTool(name: string): void;
  removeResource(uri: string): void;
  removePrompt(name: string): void;
}

/** @throws {TypeError} a rule with an empty list or name, which would admit everybody or nobody by accident */
export function checkedRule(rule: CapabilityRule): AccessRule {
  for (const [member, names] of Object.entries(rule)) {
    if (
      !Array.isArray(names) ||
      names.length === 0 ||
      names.some((name) => typeof name !== 'string' || name.trim() === '')
    ) {
      throw new TypeError(`${member} needs names, none of them empty.`);
    }
  }
  return Object.freeze({ ...rule, authentication: 'required' });
}

interface Context {
  getRawRequest(): unknown;
  readonly mcpRequest: unknown;
}

/** Stands before a handler that no guard of Nest stands before, and says no in the same way. */
export function guardedHandler(
  handler: (payload: never, context: never, request: never) => unknown,
  rule: AccessRule,
): (payload: unknown, context: unknown, request: unknown) => Promise<unknown> {
  return async (payload, context, request) => {
    const raw = (context as Context).getRawRequest();
    const user = typeof raw === 'object' && raw !== null ? authenticatedUser(raw) : undefined;
    const refusal = decideAccess(rule, user);
    if (refusal !== undefined) {
      noteRefusal((context as Context).mcpRequest as object, refusal);
      throw refusal;
    }
    return handler(payload as never, context as never, request as never);
  };
}
