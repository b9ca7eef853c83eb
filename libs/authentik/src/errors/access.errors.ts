import { AuthentikError } from './authentik.error.js';

/**
 * The request carries no credential that we accept. The wire shows 401 with a challenge that has no error code.
 * @see RFC 6750 §3
 */
export class UnauthenticatedError extends AuthentikError {
  override readonly code = 'ERR_AUTHENTIK_UNAUTHENTICATED';

  constructor(message = 'No credential was sent. Send an access token as "Authorization: Bearer …".') {
    super(message);
  }
}

/**
 * The credential is not in a form that can be judged: two tokens, or a malformed `Authorization` header.
 * The wire shows 400 `invalid_request`.
 * @see RFC 6750 §3.1
 */
export class MalformedCredentialError extends AuthentikError {
  override readonly code = 'ERR_AUTHENTIK_MALFORMED_CREDENTIAL';
}

/** The user is known and lacks a group that is asked for. Names the groups for the operator only. */
export class GroupRequiredError extends AuthentikError {
  override readonly code = 'ERR_AUTHENTIK_GROUP_REQUIRED';

  constructor(
    /** The groups that were asked for. Never shown on the wire. */
    readonly requiredGroups: readonly string[],
    /** Whether one of them is enough. */
    match: 'any' | 'all' = 'any',
    /** Whether all groups of the user were told; else the message says what would tell them. */
    groupsKnown = true,
  ) {
    const missing =
      match === 'any' ? 'is in none of the groups that may do this' : 'is not in every group that this asks for';
    const remedy = groupsKnown
      ? ''
      : ' Not all groups of the user are known: let the client ask for the scope profile, and see that a scope mapping of the provider gives "groups" as a list of names.';
    super(`The user ${missing}: ${requiredGroups.join(', ')}.${remedy}`);
  }
}

/** The user is in a group that is kept out. Names the groups for the operator only. */
export class GroupProhibitedError extends AuthentikError {
  override readonly code = 'ERR_AUTHENTIK_GROUP_PROHIBITED';

  constructor(
    /** The groups that are kept out. Never shown on the wire. */
    readonly prohibitedGroups: readonly string[],
  ) {
    super(`The user is in a group that may not do this: one of ${prohibitedGroups.join(', ')}.`);
  }
}

/**
 * Members of some groups are kept out, and whether the user is one of them is not known. The wire shows 403: where the
 * token lacks a scope that would tell, `insufficient_scope` with all scopes that the client should ask for, else as for a
 * {@link GroupProhibitedError}; on MCP always an unknown name. Names the groups for the operator only.
 */
export class GroupsUnknownError extends AuthentikError {
  override readonly code = 'ERR_AUTHENTIK_GROUPS_UNKNOWN';

  constructor(
    /** The groups that are kept out. Never shown on the wire. */
    readonly prohibitedGroups: readonly string[],
    /** What the token lacks to tell of the groups, and all else that is asked of it; empty where it has that scope. */
    readonly requiredScopes: readonly string[],
    /** Those that the token has; a client that asks for less would lose them. */
    readonly grantedScopes: readonly string[],
  ) {
    const remedy =
      requiredScopes.length > 0
        ? `The token lacks ${requiredScopes.join(' ')}: let the client ask for it.`
        : 'See that a scope mapping of the provider gives "groups" as a list of names, or let mapUser set groupsKnown.';
    super(`Members of ${prohibitedGroups.join(', ')} may not do this, and the user's groups are not known. ${remedy}`);
  }
}

/**
 * The token lacks a scope. The wire shows 403 `insufficient_scope` with all scopes that the client should ask for.
 * @see RFC 6750 §3.1
 */
export class InsufficientScopeError extends AuthentikError {
  override readonly code = 'ERR_AUTHENTIK_INSUFFICIENT_SCOPE';

  constructor(
    readonly requiredScopes: readonly string[],
    /** Those that the token has; a client that asks for less would lose them. */
    readonly grantedScopes: readonly string[],
  ) {
    super(
      `The token lacks a scope of ${requiredScopes.join(' ')}. Attach it to the provider and let the client ask for it.`,
    );
  }
}

/** The app's own `mapUser` refused the user; its error is the `cause`. The wire shows a plain 403. */
export class UserRejectedError extends AuthentikError {
  override readonly code = 'ERR_AUTHENTIK_USER_REJECTED';

  constructor(cause: unknown) {
    const reason = cause instanceof Error ? cause.message : 'it returned no user';
    super(`mapUser refused the user: ${reason}`, { cause });
  }
}

/** A guard was asked about a transport that it does not know. Nothing is let through. */
export class UnsupportedTransportError extends AuthentikError {
  override readonly code = 'ERR_AUTHENTIK_UNSUPPORTED_TRANSPORT';

  constructor(transport: string) {
    super(
      `The guards of nestjs-authentik protect HTTP handlers and MCP handlers served by connectMcp(); "${transport}" is ` +
        'neither. Verify the token yourself with AuthentikTokenService.verifyToken().',
    );
  }
}
