import { applyDecorators, type CanActivate, SetMetadata, type Type, UseGuards } from '@nestjs/common';

import type { AuthentikUser } from '../protocol/user.js';
import { AUTHENTICATED, OPTIONAL_AUTH, PUBLIC, RULE_KEYS } from '../rules/access-rule.metadata.js';
import { AuthentikAuthGuard } from './authentik-auth.guard.js';
import { GroupsGuard, ScopesGuard } from './rights.guards.js';

/** For a handler or a class. */
export type AccessDecorator = ClassDecorator & MethodDecorator;

/** Asks for a signed-in user. Binds its guard itself; on HTTP handlers and MCP handlers alike. */
export const Authenticated = (): AccessDecorator =>
  applyDecorators(SetMetadata(AUTHENTICATED, true), UseGuards(AuthentikAuthGuard));

/**
 * Admits a user who is in at least one of these Authentik groups; names are compared exactly. Binds its guard itself.
 * Groups of a handler replace those of its class. On MCP, who may not use a tool does not see it either.
 * @throws {TypeError} no group, an empty name, a list of names, or a second `@AllowedGroups` in the same place
 */
export const AllowedGroups = (first: string, ...more: string[]): AccessDecorator =>
  right('AllowedGroups', 'allowedGroups', [first, ...more]);

/**
 * Admits a user who is in all of these Authentik groups. Besides, like {@link AllowedGroups}.
 * @throws {TypeError} no group, an empty name, a list of names, or a second `@RequiredGroups` in the same place
 */
export const RequiredGroups = (first: string, ...more: string[]): AccessDecorator =>
  right('RequiredGroups', 'requiredGroups', [first, ...more]);

/**
 * Keeps out a user who is in any of these Authentik groups, and one whose groups are not known (`groupsKnown` of the
 * user): a token without the scope `profile` has none, and leaving that out must not be a way in. Such a token gets 403
 * `insufficient_scope` with `profile`; where it has the scope and tells no groups all the same, the 403 of a group. On MCP
 * both are hidden. Besides, like {@link AllowedGroups}.
 * @throws {TypeError} no group, an empty name, a list of names, or a second `@ProhibitedGroups` in the same place
 */
export const ProhibitedGroups = (first: string, ...more: string[]): AccessDecorator =>
  right('ProhibitedGroups', 'prohibitedGroups', [first, ...more]);

/**
 * Admits a token that was granted all of these scopes. Binds its guard itself. A token without them gets 403
 * `insufficient_scope` and the scopes to ask for. On MCP the tool stays listed, for a client can ask for more.
 *
 * Authentik writes scopes into its tokens since 2025.10; a token of an older one has none.
 * @throws {TypeError} no scope, an empty name, a list of names, or a second `@RequiredScopes` in the same place
 */
export const RequiredScopes = (first: string, ...more: string[]): AccessDecorator =>
  right('RequiredScopes', 'requiredScopes', [first, ...more]);

/**
 * Takes these kinds of credential only; another kind is as none. Binds its guard itself.
 * @throws {TypeError} no kind, an unknown one, or a second `@AcceptedCredentials` in the same place
 */
export function AcceptedCredentials(...kinds: AuthentikUser['credential'][]): AccessDecorator {
  if (kinds.some((kind) => kind !== 'bearer' && kind !== 'session')) {
    throw new TypeError("@AcceptedCredentials takes 'bearer' and 'session': write @AcceptedCredentials('bearer').");
  }
  return right('AcceptedCredentials', 'acceptedCredentials', kinds);
}

/**
 * Asks for nothing: lifts what the class or the module asks for. On an MCP tool it means any token that the endpoint
 * accepts; it never opens the endpoint. A right named on the same handler wins.
 */
export const Public = (): AccessDecorator => SetMetadata(PUBLIC, true);

/**
 * Takes a user where there is one: no credential means no user, a bad one is still 401. Lifts what the class or the
 * module asks for. Binds its guard itself. A right named on the same handler wins.
 */
export const OptionalAuth = (): AccessDecorator =>
  applyDecorators(SetMetadata(OPTIONAL_AUTH, true), UseGuards(AuthentikAuthGuard));

/** One guard for a right, which finds out who is asking as well. Each guard costs every request something. */
const guardOf: Readonly<Record<keyof typeof RULE_KEYS, Type<CanActivate>>> = {
  acceptedCredentials: AuthentikAuthGuard,
  allowedGroups: GroupsGuard,
  requiredGroups: GroupsGuard,
  prohibitedGroups: GroupsGuard,
  requiredScopes: ScopesGuard,
};

const isName = (name: unknown): name is string => typeof name === 'string' && name.trim() !== '';

function howToWrite(decorator: string, given: readonly unknown[] = []): string {
  const names = given.length > 0 && given.every(isName) ? given : ['a', 'b'];
  return `write @${decorator}(${names.map((name) => JSON.stringify(name)).join(', ')}).`;
}

function right(decorator: string, member: keyof typeof RULE_KEYS, names: readonly string[]): AccessDecorator {
  const [first] = names as readonly unknown[];
  if (Array.isArray(first)) {
    throw new TypeError(`@${decorator} takes names, not a list of them: ${howToWrite(decorator, first)}`);
  }
  if (names.length === 0 || !names.every(isName)) {
    throw new TypeError(`@${decorator} needs names, none of them empty: ${howToWrite(decorator)}`);
  }
  const key = RULE_KEYS[member];
  return applyDecorators(
    (target: object, _property?: string | symbol, descriptor?: PropertyDescriptor) => {
      // The outer one would replace the inner one, and somebody would be let in or kept out by accident.
      if (Reflect.hasOwnMetadata(key, (descriptor?.value as object | undefined) ?? target)) {
        throw new TypeError(`@${decorator} stands twice in one place; write all its names into one.`);
      }
    },
    SetMetadata(key, Object.freeze([...names])),
    UseGuards(guardOf[member]),
  );
}
