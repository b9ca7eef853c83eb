import { ProtocolError } from '@modelcontextprotocol/server';
import { Logger } from '@nestjs/common';
import { RpcException } from '@nestjs/microservices';
import type { McpStrategy } from '@rekog/mcp-nest';

import { type AccessRule, decideAccess } from '../protocol/access-decision.js';
import { noteRefusal } from '../rules/guarded-request.js';
import { authenticatedUser } from '../rules/request-authentication.js';

/** A tool, without the rights that mcp-nest has words for: the rule is where they stand. */
export type ToolDefinition = Omit<
  Parameters<McpStrategy['registerTool']>[0],
  'isPublic' | 'requiredScopes' | 'requiredScopesMatch' | 'requiredRoles' | 'requiredRolesMatch'
>;
export type ResourceDefinition = Parameters<McpStrategy['registerResource']>[0];
export type PromptDefinition = Parameters<McpStrategy['registerPrompt']>[0];

/** Who may use something that is registered at run time, in the words of the decorators. It has to name something. */
export interface CapabilityRule extends Omit<AccessRule, 'authentication'> {
  /** Any token that the endpoint accepts; goes without saying where a right is named. */
  readonly authenticated?: true;
}

/**
 * What an endpoint serves besides its controllers, for as long as the app runs. Rules hold as those of the decorators
 * do; beyond them nothing of Nest's pipeline runs, neither guards nor pipes, interceptors or filters.
 */
export interface McpCapabilities {
  /**
   * @throws {TypeError} the rule is none
   * @throws {Error} the name is taken; before the app has started, its start throws
   */
  registerTool(definition: ToolDefinition, rule: CapabilityRule): void;
  /**
   * @throws {TypeError} the rule is none
   * @throws {Error} the URI is taken; before the app has started, its start throws
   */
  registerResource(definition: ResourceDefinition, rule: CapabilityRule): void;
  /**
   * @throws {TypeError} the rule is none
   * @throws {Error} the name is taken; before the app has started, its start throws
   */
  registerPrompt(definition: PromptDefinition, rule: CapabilityRule): void;
  /** Takes back what was registered here; what a controller declares stays. */
  removeTool(name: string): void;
  /** Takes back what was registered here; what a controller declares stays. */
  removeResource(uri: string): void;
  /** Takes back what was registered here; what a controller declares stays. */
  removePrompt(name: string): void;
}

const rightMembers: Readonly<Record<keyof Omit<CapabilityRule, 'authenticated'>, true>> = {
  acceptedCredentials: true,
  allowedGroups: true,
  requiredGroups: true,
  prohibitedGroups: true,
  requiredScopes: true,
};

/**
 * @returns a copy, which nobody changes afterwards
 * @throws {TypeError} a rule that names nothing, or not what it means to: it would admit everybody or nobody by accident
 */
export function checkedRule(rule: CapabilityRule): AccessRule {
  const { authenticated, ...rights }: { authenticated?: unknown } = rule;
  if (authenticated !== undefined && authenticated !== true) throw new TypeError('authenticated can only be true.');
  const members = Object.entries(rights).map(([member, names]: [string, unknown]) => {
    if (!Object.hasOwn(rightMembers, member)) {
      throw new TypeError(`A rule has no "${member}", only ${Object.keys(rightMembers).join(', ')} and authenticated.`);
    }
    if (!Array.isArray(names) || names.length === 0 || !names.every(isName)) {
      throw new TypeError(`${member} needs names, none of them empty.`);
    }
    return [member, Object.freeze([...names])];
  });
  if (authenticated === undefined && members.length === 0) {
    throw new TypeError(
      'The rule names nothing. For any token that the endpoint accepts, write { authenticated: true }.',
    );
  }
  return Object.freeze({ ...(Object.fromEntries(members) as Partial<AccessRule>), authentication: 'required' });
}

const isName = (name: unknown): name is string => typeof name === 'string' && name.trim() !== '';

interface Context {
  getRawRequest(): unknown;
  readonly mcpRequest: unknown;
}

const logger = new Logger('Authentik');

/**
 * Stands before a handler that no guard of Nest stands before, and says no in the same way. What the handler throws is
 * told as Nest tells it: an RpcException or a ProtocolError with its text, anything else in the log alone.
 */
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
    try {
      return await handler(payload as never, context as never, request as never);
    } catch (error) {
      if (error instanceof RpcException || error instanceof ProtocolError) throw error;
      logger.error(error);
      throw new Error('Internal server error', { cause: error });
    }
  };
}
