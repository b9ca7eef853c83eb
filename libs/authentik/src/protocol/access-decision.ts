import {
  GroupProhibitedError,
  GroupRequiredError,
  GroupsUnknownError,
  InsufficientScopeError,
  UnauthenticatedError,
} from '../errors/access.errors.js';
import type { AuthentikError } from '../errors/authentik.error.js';
import { isInAnyGroup, scopeOfGroups } from './groups.js';
import { missingScopes } from './scope.js';
import type { AuthentikUser } from './user.js';

/** What a handler asks of its caller, resolved from handler and class. */
export interface AccessRule {
  /**
   * Whether a user is asked for. `optional`: no credential means no user, and a bad one is still refused; `none`: nobody
   * looks.
   */
  readonly authentication: 'required' | 'optional' | 'none';
  /** Kinds of credential that count. Absent: all that the module takes. */
  readonly acceptedCredentials?: readonly AuthentikUser['credential'][];
  /** At least one of these groups. */
  readonly allowedGroups?: readonly string[];
  /** All of these groups. */
  readonly requiredGroups?: readonly string[];
  /** None of these groups. Whose groups are not known may be in one of them. */
  readonly prohibitedGroups?: readonly string[];
  /** All of these scopes. */
  readonly requiredScopes?: readonly string[];
}

/** Whether a rule says anything of groups. */
export function namesGroups({ allowedGroups, requiredGroups, prohibitedGroups }: AccessRule): boolean {
  return allowedGroups !== undefined || requiredGroups !== undefined || prohibitedGroups !== undefined;
}

/** Whether a rule asks for anything that only a user can have. */
const asksForRights = (rule: AccessRule) => namesGroups(rule) || rule.requiredScopes !== undefined;

/**
 * May this user do what the rule protects, as far as groups go? A rule that names groups never admits an unknown user.
 * @returns `undefined` when admitted, else why not
 */
export function decideGroups(rule: AccessRule, user: AuthentikUser | undefined): AuthentikError | undefined {
  const { allowedGroups, requiredGroups, prohibitedGroups } = rule;
  if (user === undefined) return namesGroups(rule) ? new UnauthenticatedError() : undefined;
  if (prohibitedGroups !== undefined && isInAnyGroup(user.groups, prohibitedGroups)) {
    return new GroupProhibitedError(prohibitedGroups);
  }
  if (prohibitedGroups !== undefined && !user.groupsKnown) return groupsUnknown(prohibitedGroups, rule, user);
  if (allowedGroups !== undefined && !isInAnyGroup(user.groups, allowedGroups)) {
    return new GroupRequiredError(allowedGroups, 'any', user.groupsKnown);
  }
  if (requiredGroups !== undefined && !requiredGroups.every((group) => user.groups.includes(group))) {
    return new GroupRequiredError(requiredGroups, 'all', user.groupsKnown);
  }
  return undefined;
}

/**
 * Otherwise the way past a prohibition would be to leave out the scope that brings the groups. What is missing is named
 * at once with all else that the rule asks of a token.
 */
function groupsUnknown(prohibitedGroups: readonly string[], rule: AccessRule, user: AuthentikUser): AuthentikError {
  const helpful = user.scopes.includes(scopeOfGroups) ? [] : [scopeOfGroups, ...(rule.requiredScopes ?? [])];
  return new GroupsUnknownError(prohibitedGroups, helpful, user.scopes);
}

/**
 * The same for scopes. Where groups refuse as well, they are the reason: no wider token lets in whom a group keeps out,
 * and what groups hide is not told of. Guards run in the order of the decorators, so this one may be asked first.
 */
export function decideScopes(rule: AccessRule, user: AuthentikUser | undefined): AuthentikError | undefined {
  const { requiredScopes } = rule;
  if (requiredScopes === undefined) return undefined;
  if (user === undefined) return new UnauthenticatedError();
  if (missingScopes(requiredScopes, user.scopes).length === 0) return undefined;
  return decideGroups(rule, user) ?? new InsufficientScopeError(requiredScopes, user.scopes);
}

/** Whether the user came with a kind of credential that the rule takes; another kind is as none. */
export function decideCredential(rule: AccessRule, user: AuthentikUser): AuthentikError | undefined {
  return rule.acceptedCredentials === undefined || rule.acceptedCredentials.includes(user.credential)
    ? undefined
    : new UnauthenticatedError(`This handler takes ${rule.acceptedCredentials.join(' or ')}, not ${user.credential}.`);
}

/**
 * The one decision that every transport asks for: may this user do what the rule protects? Pure, and fails closed.
 * Groups come before scopes: whom a group keeps out, no wider token lets in.
 * @returns `undefined` when admitted, else why not
 */
export function decideAccess(rule: AccessRule, user: AuthentikUser | undefined): AuthentikError | undefined {
  if (user === undefined) {
    return rule.authentication === 'required' || asksForRights(rule) ? new UnauthenticatedError() : undefined;
  }
  return decideCredential(rule, user) ?? decideGroups(rule, user) ?? decideScopes(rule, user);
}
