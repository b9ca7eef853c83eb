import type { ModulesContainer } from '@nestjs/core';
import { type McpServerOptions, type McpSessionSeed, McpStrategy } from '@rekog/mcp-nest';

import type { Refusals } from '../rules/refusals.js';
import { authenticatedUser } from '../rules/request-authentication.js';
import { CapabilityRules, controllersByMethod } from './capability-rules.js';
import { gate, type GateContext, type MethodHandler } from './message-gate.js';

// As mcp-nest's types name it: it is built for CommonJS, and its copy of the SDK's types differs from ours by name.
type BoundServer = Parameters<McpStrategy['bindRequestHandlers']>[0];
type SetRequestHandler = (method: string, handler: MethodHandler) => void;

/**
 * mcp-nest's strategy with the access rules of our decorators: what a user may not use is absent from the lists and
 * answered as unknown. Both protocol eras bind their handlers through the one method that is overridden here.
 */
export class GuardedMcpStrategy extends McpStrategy {
  /** Absent until the strategy listens. */
  rules: CapabilityRules | undefined;

  constructor(
    options: McpServerOptions,
    private readonly modules: ModulesContainer,
    private readonly refusals: Refusals,
    /** Path of the endpoint, and what a tool's `securitySchemes` name. */
    private readonly resource: { readonly path: string; readonly scopes: readonly string[] },
  ) {
    super(options);
  }

  override async listen(callback: (error?: unknown, ...rest: unknown[]) => void): Promise<void> {
    // `app.startAllMicroservices()` of the app would start us a second time.
    if (this.rules !== undefined) {
      callback();
      return;
    }
    this.rules = new CapabilityRules(this.getHandlers().values(), controllersByMethod(this.modules));
    await super.listen(callback);
  }

  override bindRequestHandlers(server: BoundServer, session: McpSessionSeed, rawRequest?: unknown): void {
    const { rules, refusals, resource } = this;
    if (rules === undefined) throw new Error('The MCP endpoint was asked before it was started.');
    const request = typeof rawRequest === 'object' && rawRequest !== null ? rawRequest : {};
    const context: GateContext = {
      rules,
      user: authenticatedUser(request),
      scopes: resource.scopes,
      onRefusal: (error, target) => refusals.log(error, request, { endpoint: resource.path, target }, 'as unknown'),
    };
    const inner = server.server as unknown as { setRequestHandler?: SetRequestHandler };
    const bound = new Set<string>();
    const original = inner.setRequestHandler;
    inner.setRequestHandler = (method, handler) => {
      bound.add(method);
      original?.call(inner, method, gate(method, handler, context));
    };
    try {
      super.bindRequestHandlers(server, session, rawRequest);
    } finally {
      // The method of the class shows again.
      delete inner.setRequestHandler;
    }
    this.checkBound(bound, rules);
  }

  /** Should mcp-nest ever bind its handlers some other way, nothing is served rather than everything. */
  private checkBound(bound: ReadonlySet<string>, rules: CapabilityRules): void {
    const expected = [
      ...(rules.has('tool') ? ['tools/list', 'tools/call'] : []),
      ...(rules.has('prompt') ? ['prompts/list', 'prompts/get'] : []),
      ...(rules.has('resource') || rules.has('resource-template') ? ['resources/list', 'resources/read'] : []),
    ];
    const missing = expected.filter((method) => !bound.has(method));
    if (missing.length > 0)
      throw new Error(`This version of @rekog/mcp-nest cannot be protected: ${missing.join(', ')}.`);
  }

  // Capabilities of the run time pass no guard of Nest, so a rule has nothing to stand on.
  override registerTool(): never {
    throw unprotected('tool');
  }

  override registerResource(): never {
    throw unprotected('resource');
  }

  override registerPrompt(): never {
    throw unprotected('prompt');
  }
}

const unprotected = (kind: string) =>
  new Error(
    `A ${kind} registered at run time passes no guard. Declare it in an @McpController and name its rights there.`,
  );
