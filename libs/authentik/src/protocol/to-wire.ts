import {
  type AuthentikError,
  AuthentikUnavailableError,
  CrossSiteRequestError,
  GroupProhibitedError,
  GroupRequiredError,
  GroupsUnknownError,
  InsufficientScopeError,
  LogoutTokenError,
  MalformedCredentialError,
  TokenVerificationError,
  TooManyRequestsError,
  UnauthenticatedError,
  UnsupportedTransportError,
  UserRejectedError,
} from '../errors/index.js';
import { type BearerChallenge, toBearerChallenge } from './bearer-challenge.js';

/** What a challenge says about the resource that was asked for. */
export interface ChallengeContext {
  /** Scopes that a client should ask for, in a fixed order. */
  readonly scopes: readonly string[];
  /** URL of the resource's RFC 9728 document, if it has one. */
  readonly resourceMetadata?: string;
}

/** A refusal as it leaves: status, headers, and a harmless text. */
export interface WireAnswer {
  readonly status: 400 | 401 | 403 | 429 | 500 | 503;
  readonly headers: Readonly<Record<string, string>>;
  /** OAuth error word for the body. */
  readonly error: string;
  /** The same text for the same cause, without anything the caller sent. */
  readonly description: string;
}

/** What of this server's own a verdict may wait for; nobody else has to know more than that. */
const ownStores: ReadonlySet<string> = new Set(['redis', 'store', 'session store']);

/** The one table from reason to wire. What is not in it is a 500 without a word of explanation: fail closed, say nothing. */
export function toWire(error: AuthentikError, context: ChallengeContext): WireAnswer {
  const answer = (
    status: WireAnswer['status'],
    word: string,
    description: string,
    headers: Record<string, string> = {},
  ): WireAnswer => ({ status, error: word, description, headers: { 'Cache-Control': 'no-store', ...headers } });
  const challenge = (parts: BearerChallenge) => ({
    'WWW-Authenticate': toBearerChallenge({
      ...(context.resourceMetadata !== undefined && { resourceMetadata: context.resourceMetadata }),
      ...parts,
    }),
  });

  if (error instanceof UnauthenticatedError) {
    return answer(401, 'unauthorized', 'An access token is needed', challenge({ scopes: context.scopes }));
  }
  if (error instanceof MalformedCredentialError) {
    const description = 'The credential is malformed or was sent twice';
    return answer(
      400,
      'invalid_request',
      description,
      challenge({ error: 'invalid_request', errorDescription: description }),
    );
  }
  if (error instanceof TokenVerificationError) {
    // The same for all: most are refused before anybody has looked at the signature, and whoever makes tokens up must not
    // learn how far one has come. The operator is told the reason.
    const description = 'The access token is not valid here';
    return answer(
      401,
      'invalid_token',
      description,
      challenge({ error: 'invalid_token', scopes: context.scopes, errorDescription: description }),
    );
  }
  if (
    error instanceof InsufficientScopeError ||
    (error instanceof GroupsUnknownError && error.requiredScopes.length > 0)
  ) {
    const description = 'The access token lacks a scope';
    // All at once, and with what was granted: clients of the 2025 era replace their scopes by these.
    const scopes = [...new Set([...error.grantedScopes, ...error.requiredScopes])].filter(
      (scope) => scope !== 'offline_access',
    );
    return answer(
      403,
      'insufficient_scope',
      description,
      challenge({ error: 'insufficient_scope', scopes, errorDescription: description }),
    );
  }
  // No scope in this challenge: a wider token would not help, and clients would log in again for nothing.
  if (
    error instanceof GroupRequiredError ||
    error instanceof GroupProhibitedError ||
    error instanceof GroupsUnknownError ||
    error instanceof UserRejectedError
  ) {
    return answer(403, 'forbidden', 'You are not allowed to do this', challenge({}));
  }
  if (error instanceof CrossSiteRequestError) {
    return answer(403, 'forbidden', 'The request does not come from a page of this site');
  }
  if (error instanceof LogoutTokenError) {
    return answer(400, 'invalid_request', 'The logout token is not acceptable here');
  }
  if (error instanceof TooManyRequestsError) {
    return answer(429, 'too_many_requests', 'Too many requests from this address; try again later', {
      'Retry-After': String(error.retryAfterSeconds),
    });
  }
  if (error instanceof AuthentikUnavailableError) {
    const what = ownStores.has(error.endpoint)
      ? 'This server is not able to judge'
      : 'The authorization server cannot be asked now';
    return answer(503, 'temporarily_unavailable', `${what}; try again later`, {
      'Retry-After': String(error.retryAfterSeconds),
    });
  }
  if (error instanceof UnsupportedTransportError) return answer(403, 'forbidden', 'You are not allowed to do this');
  return answer(500, 'server_error', 'Internal server error');
}
