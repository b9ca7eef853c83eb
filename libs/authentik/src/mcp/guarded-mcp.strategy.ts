import type { ServerContext } from '@modelcontextprotocol/server';
import type { ModulesContainer } from '@nestjs/core';
import {
  type McpCapabilityType,
  type McpContext,
  type McpServerOptions,
  type McpSessionSeed,
  McpStrategy,
} from '@rekog/mcp-nest';

import type { AccessRule } from '../protocol/access-decision.js';
import type { Refusals } from '../rules/refusals.js';
import { authenticatedUser } from '../rules/request-authentication.js';
import { CapabilityRules, controllersByMethod } from './capability-rules.js';
import { currentRequest } from './current-request.js';
import { gate, type GateContext, type MethodHandler } from './message-gate.js';
import { relateProgress } from './related-progress.js';
import { type CapabilityRule, checkedRule, guardedHandler, type McpCapabilities } from './run-time-capabilities.js';

// As mcp-nest's types name it: it is built for CommonJS, and its copy of the SDK's types differs from ours by name.
type BoundServer = Parameters<McpStrategy['bindRequestHandlers']>[0];
type BuildContext = (
  ...parameters: [
    server: unknown,
    message: unknown,
    session: unknown,
    rawRequest: unknown,
    sdkContext: ServerContext | undefined,
  ]
) => McpContext;
type SetRequestHandler = (method: string, handler: MethodHandler) => void;

const toolMethods = ['tools/list', 'tools/call'];
const promptMethods = ['prompts/list', 'prompts/get'];
const resourceMethods = ['resources/list', 'resources/read'];

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
    /** Called when the first tool, prompt or resource is registered at run time: what was negotiated holds no more. */
    private readonly onNewKind: () => void,
  ) {
    super(options);
    // So that guards and handlers, too, see the request of their own message; see current-request.ts.
    const build = (this['buildContext'] as BuildContext).bind(this);
    const own: BuildContext = (server, message, session, rawRequest, sdkContext) =>
      relateProgress(build(server, message, session, currentRequest.getStore() ?? rawRequest, sdkContext), sdkContext);
    Object.defineProperty(this, 'buildContext', { value: own });
  }

  override async listen(callback: (error?: unknown, ...rest: unknown[]) => void): Promise<void> {
    // `app.startAllMicroservices()` of the app would start us a second time.
    if (this.rules !== undefined) {
      callback();
      return;
    }
    try {
      this.rules = new CapabilityRules(this.getHandlers().values(), controllersByMethod(this.modules));
      for (const register of this.early.values()) register();
    } catch (error) {
      // Nest waits for the callback alone.
      callback(error);
      return;
    }
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
    // A server that lives for one message has to know no more than what that asks for.
    const only = session.stateless ? (request as { body?: { method?: unknown } }).body?.method : undefined;
    const inner = server.server as unknown as { setRequestHandler?: SetRequestHandler };
    const bound: string[] = [];
    const original = inner.setRequestHandler;
    inner.setRequestHandler = (method, handler) => {
      bound.push(method);
      if (only === undefined || only === method) original?.call(inner, method, gate(method, handler, context));
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
  private checkBound(bound: readonly string[], rules: CapabilityRules): void {
    const check = (method: string) => {
      if (!bound.includes(method)) throw new Error(`This version of @rekog/mcp-nest cannot be protected: ${method}.`);
    };
    if (rules.has('tool')) toolMethods.forEach(check);
    if (rules.has('prompt')) promptMethods.forEach(check);
    if (rules.has('resource') || rules.has('resource-template')) resourceMethods.forEach(check);
  }

  /** What an app registers at run time goes through here, with a rule. */
  readonly capabilities: McpCapabilities = {
    registerTool: (definition, rule) =>
      this.admit('tool', definition.name, rule, (checked) =>
        super.registerTool({ ...definition, handler: guardedHandler(definition.handler, checked) }),
      ),
    registerResource: (definition, rule) =>
      this.admit('resource', definition.uri, rule, (checked) =>
        super.registerResource({ ...definition, handler: guardedHandler(definition.handler, checked) }),
      ),
    registerPrompt: (definition, rule) =>
      this.admit('prompt', definition.name, rule, (checked) =>
        super.registerPrompt({ ...definition, handler: guardedHandler(definition.handler, checked) }),
      ),
    removeTool: (name) => this.takeBack('tool', name, () => super.removeTool(name)),
    removeResource: (uri) => this.takeBack('resource', uri, () => super.removeResource(uri)),
    removePrompt: (name) => this.takeBack('prompt', name, () => super.removePrompt(name)),
  };

  /** What was registered before there was anything to compare its names with. */
  private readonly early = new Map<string, () => void>();

  private admit(
    type: McpCapabilityType,
    name: string,
    rule: CapabilityRule,
    register: (checked: AccessRule) => void,
  ): void {
    const checked = checkedRule(rule);
    const key = `${type} ${name}`;
    const admitNow = (rules: CapabilityRules) => {
      const isFirst = !rules.has(type) && !(type === 'resource' && rules.has('resource-template'));
      rules.add(type, name, checked);
      try {
        register(checked);
      } catch (error) {
        rules.remove(type, name);
        throw error;
      }
      if (isFirst) this.onNewKind();
    };
    if (this.rules !== undefined) admitNow(this.rules);
    else if (this.early.has(key)) throw new Error(`There is a ${key} already.`);
    else this.early.set(key, () => this.rules !== undefined && admitNow(this.rules));
  }

  private takeBack(type: McpCapabilityType, name: string, remove: () => void): void {
    if (this.rules === undefined) this.early.delete(`${type} ${name}`);
    else if (this.rules.remove(type, name)) remove();
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
