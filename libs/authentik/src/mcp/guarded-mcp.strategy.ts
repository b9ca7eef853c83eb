import type { ModulesContainer } from '@nestjs/core';
import { type McpCapabilityType, type McpServerOptions, type McpSessionSeed, McpStrategy } from '@rekog/mcp-nest';

import type { AccessRule } from '../protocol/access-decision.js';
import type { Refusals } from '../rules/refusals.js';
import { authenticatedUser } from '../rules/request-authentication.js';
import { CapabilityRules, controllersByMethod } from './capability-rules.js';
import { currentRequest } from './current-request.js';
import { gate, type GateContext, type MethodHandler } from './message-gate.js';
import { type CapabilityRule, checkedRule, guardedHandler, type McpCapabilities } from './run-time-capabilities.js';

// As mcp-nest's types name it: it is built for CommonJS, and its copy of the SDK's types differs from ours by name.
type BoundServer = Parameters<McpStrategy['bindRequestHandlers']>[0];
type BuildContext = (
  ...parameters: [server: unknown, message: unknown, session: unknown, rawRequest: unknown, sdkContext: unknown]
) => unknown;
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
    // So that guards and handlers, too, see the request of their own message; see current-request.ts.
    const build = (this['buildContext'] as BuildContext).bind(this);
    const own: BuildContext = (server, message, session, rawRequest, sdkContext) =>
      build(server, message, session, currentRequest.getStore() ?? rawRequest, sdkContext);
    Object.defineProperty(this, 'buildContext', { value: own });
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
      user: () => authenticatedUser(currentRequest.getStore() ?? request),
      scopes: resource.scopes,
      onRefusal: (error, target) =>
        refusals.log(error, currentRequest.getStore() ?? request, { endpoint: resource.path, target }, 'as unknown'),
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

  /** What an app registers at run time goes through here, with a rule. */
  readonly capabilities: McpCapabilities = {
    registerTool: (definition, rule) => {
      const checked = this.admitRule('tool', definition.name, rule);
      super.registerTool({ ...definition, handler: guardedHandler(definition.handler, checked) });
    },
    registerResource: (definition, rule) => {
      const checked = this.admitRule('resource', definition.uri, rule);
      super.registerResource({
        ...definition,
        handler: guardedHandler(definition.handler, checked),
      });
    },
    registerPrompt: (definition, rule) => {
      const checked = this.admitRule('prompt', definition.name, rule);
      super.registerPrompt({ ...definition, handler: guardedHandler(definition.handler, checked) });
    },
    removeTool: (name) => {
      if (this.rules?.remove('tool', name) === true) super.removeTool(name);
    },
    removeResource: (uri) => {
      if (this.rules?.remove('resource', uri) === true) super.removeResource(uri);
    },
    removePrompt: (name) => {
      if (this.rules?.remove('prompt', name) === true) super.removePrompt(name);
    },
  };

  private admitRule(type: McpCapabilityType, name: string, rule: CapabilityRule): AccessRule {
    if (this.rules === undefined) {
      throw new Error(`The ${type} ${name} comes too early: register it once the app has started.`);
    }
    const checked = checkedRule(rule);
    this.rules.add(type, name, checked);
    return checked;
  }

  // What is registered past `capabilities` has no rule, and passes no guard of Nest.
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
    `A ${kind} registered here would be protected by nothing. Register it on what connectMcp() returns, with a rule, ` +
      'or declare it in an @McpController and name its rights there.',
  );
