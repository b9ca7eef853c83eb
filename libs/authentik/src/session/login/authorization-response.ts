import { LoginError } from '../../errors/index.js';
import { queryOf } from '../request-query.js';

/** What Authentik sends a browser back with. */
export interface AuthorizationResponse {
  readonly state: string;
  readonly code?: string;
  /** OAuth error code. */
  readonly error?: string;
  /** Who says so; Authentik does not send it yet. */
  readonly iss?: string;
  /** All of it, for `openid-client` to judge. */
  readonly search: string;
}

const longestCharacters = 8 * 1024;
const known = ['state', 'code', 'error', 'iss'] as const;

const malformed = (why: string) => new LoginError('invalid_request', `The callback ${why}.`);

/**
 * Reads the query of the redirect URI.
 * @param issuer who may answer
 * @throws {LoginError} it is no answer, or that of somebody else
 * @see RFC 6749 §4.1.2, RFC 9207 §2.4
 */
export function readAuthorizationResponse(url: string, issuer: string): AuthorizationResponse {
  if (url.length > longestCharacters) throw malformed(`has more than ${longestCharacters} characters`);
  const search = queryOf(url);
  const query = new URLSearchParams(search);
  const twice = known.find((name) => query.getAll(name).length > 1);
  if (twice !== undefined) throw malformed(`has more than one ${twice}`);
  const [state, code, error, iss] = known.map((name) => query.get(name) ?? undefined);
  if (state === undefined) throw new LoginError('wrong_state', 'The callback has no state.');
  if ((code === undefined) === (error === undefined)) throw malformed('has neither a code nor an error, or both');
  if (iss !== undefined && iss !== issuer) {
    throw new LoginError('invalid_response', 'The callback names another issuer: somebody mixes two servers up.');
  }
  return {
    state,
    search,
    ...(code !== undefined && { code }),
    ...(error !== undefined && { error }),
    ...(iss !== undefined && { iss }),
  };
}

/** What an error of Authentik means for the person. */
export function authorizationFailure(error: string): LoginError {
  const word = /^[a-z_]{1,40}$/u.test(error) ? error : 'an unknown error';
  switch (error) {
    case 'access_denied':
      return new LoginError('login_denied', 'Authentik answered access_denied.');
    case 'login_required':
    case 'interaction_required':
    case 'consent_required':
    case 'account_selection_required':
      return new LoginError('login_required', `Authentik answered ${word} to a sign-in with prompt=none.`);
    case 'temporarily_unavailable':
      return new LoginError('authentik_unavailable', `Authentik answered ${word}.`);
    default:
      return new LoginError(
        'login_failed',
        `Authentik answered ${word} to the authorization request. Compare its provider with the options.`,
      );
  }
}
