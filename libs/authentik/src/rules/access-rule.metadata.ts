import 'reflect-metadata';

import type { AccessRule } from '../protocol/access-decision.js';

/** What of a rule stands under a key of its own. */
type RuleMember = Exclude<keyof AccessRule, 'authentication'>;

/** Set by `@Public()`. */
export const PUBLIC = Symbol('authentik:public');
/** Set by `@OptionalAuth()`. */
export const OPTIONAL_AUTH = Symbol('authentik:optional-auth');
/** Set by `@Authenticated()`. */
export const AUTHENTICATED = Symbol('authentik:authenticated');
/** Set by the decorators that name a right. */
export const RULE_KEYS: Readonly<Record<RuleMember, symbol>> = {
  acceptedCredentials: Symbol('authentik:accepted-credentials'),
  allowedGroups: Symbol('authentik:allowed-groups'),
  requiredGroups: Symbol('authentik:required-groups'),
  prohibitedGroups: Symbol('authentik:prohibited-groups'),
  requiredScopes: Symbol('authentik:required-scopes'),
};

const rightKeys = [AUTHENTICATED, ...Object.values(RULE_KEYS)];

/** Almost every handler has one class; one that is inherited has more. */
interface KnownRule {
  readonly target: object;
  readonly rule: AccessRule;
  more: WeakMap<object, AccessRule> | undefined;
}

const known = new WeakMap<object, KnownRule>();

/**
 * What a handler asks of its caller. Handler beats class, right by right: groups of the handler replace those of the
 * class, and a right on the handler undoes `@Public()` and `@OptionalAuth()` on the class. Where they stand in one
 * place the right wins.
 */
export function readAccessRule(handler: object, target: object): AccessRule {
  const first = known.get(handler);
  if (first === undefined) {
    const rule = resolve(handler, target);
    known.set(handler, { target, rule, more: undefined });
    return rule;
  }
  return first.target === target ? first.rule : ruleOfMore(first, handler, target);
}

function ruleOfMore(first: KnownRule, handler: object, target: object): AccessRule {
  first.more ??= new WeakMap();
  let rule = first.more.get(target);
  if (rule === undefined) first.more.set(target, (rule = resolve(handler, target)));
  return rule;
}

/** Whether a decorator of ours that asks for something stands at the handler or its class. */
export function namesRight(...places: object[]): boolean {
  return places.some((place) => rightKeys.some((key) => Reflect.hasMetadata(key, place)));
}

function resolve(handler: object, target: object): AccessRule {
  const lifted = liftedAt(handler) ?? (namesRight(handler) ? undefined : liftedAt(target));
  if (lifted !== undefined) return { authentication: lifted };
  const members = Object.entries(RULE_KEYS).flatMap(([member, key]) => {
    const value: unknown = Reflect.getMetadata(key, handler) ?? Reflect.getMetadata(key, target);
    return value === undefined ? [] : [[member, value]];
  });
  return { authentication: 'required', ...(Object.fromEntries(members) as Partial<AccessRule>) };
}

function liftedAt(place: object): 'optional' | 'none' | undefined {
  if (namesRight(place)) return undefined;
  if (Reflect.hasMetadata(OPTIONAL_AUTH, place)) return 'optional';
  return Reflect.hasMetadata(PUBLIC, place) ? 'none' : undefined;
}
