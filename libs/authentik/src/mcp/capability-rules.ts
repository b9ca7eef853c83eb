import type { ModulesContainer } from '@nestjs/core';
import type { MessageHandler } from '@nestjs/microservices';
import {
  MCP_RESOURCE_METADATA_KEY,
  MCP_RESOURCE_TEMPLATE_METADATA_KEY,
  type McpCapabilityType,
  type McpHandlerExtras,
  type ResourceMetadata,
  type ResourceTemplateMetadata,
} from '@rekog/mcp-nest';

import { type AuthentikError, UnauthenticatedError } from '../errors/index.js';
import { type AccessRule, decideCredential, decideGroups, decideScopes } from '../protocol/access-decision.js';
import type { AuthentikUser } from '../protocol/user.js';
import { readAccessRule } from '../rules/access-rule.metadata.js';
import { ResourcePattern } from './resource-pattern.js';

/**
 * Which rule stands at which tool, resource and prompt. Built once, from the handlers that Nest has bound; a name that
 * is not in here, such as a tool registered at run time, may be used by nobody.
 */
export class CapabilityRules {
  /** By type and by name. */
  private readonly rules = new Map<McpCapabilityType, Map<string, readonly AccessRule[]>>();
  private readonly addedKeys = new Set<string>();
  private readonly patterns = new Map<string, ResourcePattern>();

  /** @param handlers those of the MCP transport, as Nest has bound them */
  constructor(handlers: Iterable<MessageHandler>, controllers: ReadonlyMap<object, readonly object[]>) {
    for (const handler of handlers) {
      const { extras } = handler as MessageHandler & { extras?: McpHandlerExtras };
      if (extras === undefined) continue;
      const { mcpType, mcpMethodRef } = extras;
      const name = nameOf(extras);
      this.addPattern(mcpType, name);
      // A method that several classes inherit has a rule of each; who wants to use it must meet them all.
      const rules = (controllers.get(mcpMethodRef) ?? []).map((controller) => readAccessRule(mcpMethodRef, controller));
      this.set(mcpType, name, [...(this.rulesOf(mcpType, name) ?? []), ...rules]);
    }
  }

  /**
   * Adds the rule of something that is registered at run time.
   * @throws {Error} the name is taken
   */
  add(type: McpCapabilityType, name: string, rule: AccessRule): void {
    if (this.rulesOf(type, name) !== undefined) throw new Error(`There is a ${type} ${name} already.`);
    this.set(type, name, [rule]);
    this.addPattern(type, name);
    this.addedKeys.add(keyOf(type, name));
  }

  /** Takes back what was added; what a controller declares stays. */
  remove(type: McpCapabilityType, name: string): boolean {
    const key = keyOf(type, name);
    if (!this.addedKeys.delete(key)) return false;
    this.patterns.delete(key);
    this.rules.get(type)?.delete(name);
    return true;
  }

  has(type: McpCapabilityType): boolean {
    return (this.rules.get(type)?.size ?? 0) > 0;
  }

  /**
   * Why a user may not even know of something; `undefined` where they may. Scopes do not hide: a client can ask for more.
   * Groups hide, also those that are not known: were the scope `profile` asked for instead, leaving it out would show a
   * member of a prohibited group what is hidden from them. Clients ask for it anyway, since our metadata names it.
   */
  whyHidden(
    type: McpCapabilityType,
    name: string,
    user: AuthentikUser | undefined,
  ): AuthentikError | 'unknown' | undefined {
    const rules = this.rulesOf(type, name);
    if (rules === undefined || rules.length === 0) return 'unknown';
    if (user === undefined) return new UnauthenticatedError();
    return firstOf(rules, (rule) => decideCredential(rule, user) ?? decideGroups(rule, user));
  }

  /** Which scope a user's token lacks for something that they may know of; `undefined` where none. */
  lackOfScope(type: McpCapabilityType, name: string, user: AuthentikUser): AuthentikError | undefined {
    const lack = firstOf(this.rulesOf(type, name) ?? [], (rule) => decideScopes(rule, user));
    return lack === undefined || this.whyHidden(type, name, user) !== undefined ? undefined : lack;
  }

  /** Every resource and template that a URI may be taken for. */
  resourcesFor(uri: string): { readonly type: McpCapabilityType; readonly name: string }[] {
    return [...this.patterns.values()].filter((pattern) => pattern.fits(uri));
  }

  private rulesOf(type: McpCapabilityType, name: string): readonly AccessRule[] | undefined {
    return this.rules.get(type)?.get(name);
  }

  private set(type: McpCapabilityType, name: string, rules: readonly AccessRule[]): void {
    const ofType = this.rules.get(type);
    if (ofType === undefined) this.rules.set(type, new Map([[name, rules]]));
    else ofType.set(name, rules);
  }

  private addPattern(type: McpCapabilityType, name: string): void {
    if (type !== 'resource' && type !== 'resource-template') return;
    this.patterns.set(keyOf(type, name), new ResourcePattern(type, name));
  }
}

/** For each handler method the controllers that have it; mcp-nest itself keeps the method alone. */
export function controllersByMethod(modules: ModulesContainer): Map<object, object[]> {
  const found = new Map<object, object[]>();
  for (const module of modules.values()) {
    for (const { metatype } of module.controllers.values()) {
      if (typeof metatype !== 'function') continue;
      for (const method of methodsOf(metatype.prototype as object)) {
        found.set(method, [...(found.get(method) ?? []), metatype]);
      }
    }
  }
  return found;
}

function methodsOf(prototype: object): object[] {
  const methods = new Map<string, object>();
  for (
    let level = prototype;
    level !== Object.prototype && level !== null;
    level = Object.getPrototypeOf(level) as object
  ) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(level))) {
      if (typeof value === 'function' && !methods.has(name)) methods.set(name, value as object);
    }
  }
  return [...methods.values()];
}

function firstOf(
  rules: readonly AccessRule[],
  decide: (rule: AccessRule) => AuthentikError | undefined,
): AuthentikError | undefined {
  for (const rule of rules) {
    const refusal = decide(rule);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}

const keyOf = (type: McpCapabilityType, name: string) => `${type} ${name}`;

/** What lists and requests call it: the URI of a resource, the name of all else. */
function nameOf({ mcpType, mcpName, mcpMethodRef }: McpHandlerExtras): string {
  if (mcpType === 'resource') {
    return (Reflect.getMetadata(MCP_RESOURCE_METADATA_KEY, mcpMethodRef) as ResourceMetadata).uri;
  }
  if (mcpType === 'resource-template') {
    return (Reflect.getMetadata(MCP_RESOURCE_TEMPLATE_METADATA_KEY, mcpMethodRef) as ResourceTemplateMetadata)
      .uriTemplate;
  }
  return mcpName;
}
