import { Inject, Injectable, type OnApplicationBootstrap, type Type } from '@nestjs/common';
import { GUARDS_METADATA } from '@nestjs/common/constants.js';
import { MetadataScanner, ModulesContainer } from '@nestjs/core';

import { AUTHENTIK_EXTRAS } from '../authentik.constants.js';
import { AuthentikConfigError, type ConfigIssue } from '../errors/index.js';
import { AuthentikLogger } from '../observability/authentik-logger.js';
import { ProtectedResources } from '../protected-resource/protected-resources.js';
import { type AccessRule, namesGroups } from '../protocol/access-decision.js';
import { namesRight, readAccessRule } from '../rules/access-rule.metadata.js';
import { AuthentikAuthGuard } from './authentik-auth.guard.js';
import { GroupsGuard, ScopesGuard } from './rights.guards.js';

/** What mcp-nest writes at its controllers; read by name, for it is not installed everywhere. */
const mcpController = 'mcp:controller';

/**
 * Looks once, at the start, for handlers that name a right which nothing enforces: somebody composed decorators of
 * their own, or stripped the guards. Such an app does not start.
 */
@Injectable()
export class StartCheck implements OnApplicationBootstrap {
  constructor(
    private readonly modules: ModulesContainer,
    private readonly resources: ProtectedResources,
    private readonly logger: AuthentikLogger,
    @Inject(AUTHENTIK_EXTRAS) private readonly extras: { readonly globalGuards: boolean },
  ) {}

  onApplicationBootstrap(): void {
    const controllers = [...this.modules.values()].flatMap((module) =>
      [...module.controllers.values()].flatMap(({ metatype }) =>
        typeof metatype === 'function' ? [metatype as Type] : [],
      ),
    );
    const issues = this.extras.globalGuards ? [] : controllers.flatMap((controller) => unguarded(controller));
    if (issues.length > 0) throw new AuthentikConfigError(issues);
    const mcp = controllers.find((controller) => Reflect.hasMetadata(mcpController, controller));
    if (mcp !== undefined && !this.resources.hasEndpoints) {
      this.logger.warn(
        `${mcp.name} is an @McpController and nothing of this library serves it. Call connectMcp(app, …) of ` +
          'nestjs-authentik/mcp after NestFactory.create(); tools served otherwise are not hidden from anybody.',
      );
    }
  }
}

function unguarded(controller: Type): ConfigIssue[] {
  const prototype = controller.prototype as Record<string, object>;
  return new MetadataScanner().getAllMethodNames(prototype).flatMap((name) => {
    const handler = prototype[name];
    if (handler === undefined || !namesRight(handler, controller)) return [];
    const bound = [controller, handler].flatMap(
      (place) => (Reflect.getMetadata(GUARDS_METADATA, place) ?? []) as unknown[],
    );
    const missing = neededGuards(readAccessRule(handler, controller)).filter(
      (needed) =>
        !bound.some((guard) => guard === needed || (typeof guard === 'function' && guard.prototype instanceof needed)),
    );
    if (missing.length === 0) return [];
    const guards = missing.map((guard) => guard.name).join(', ');
    return [
      {
        option: `${controller.name}.${name}`,
        problem: 'names a right that no guard enforces.',
        remedy: `Use the decorators as they are, or add @UseGuards(${guards}).`,
      },
    ];
  });
}

function neededGuards(rule: AccessRule): Type[] {
  if (rule.authentication === 'none') return [];
  const rights = [
    ...(namesGroups(rule) ? [GroupsGuard] : []),
    ...(rule.requiredScopes === undefined ? [] : [ScopesGuard]),
  ];
  // Guards of rights find out who is asking, and by what credential, where there is such a right.
  return rights.length === 0 ? [AuthentikAuthGuard] : rights;
}
