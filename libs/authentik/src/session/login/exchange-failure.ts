import { AuthentikError, LoginError, TokenGrantError } from '../../errors/index.js';
import { grantFailure } from '../../tokens/grants/grant-failure.js';

/** Codes of `openid-client` for an answer that is there and wrong. */
const wrongAnswer = /^OAUTH_(?:INVALID_RESPONSE|JWT_|KEY_|PARSE_ERROR|MISSING|UNSUPPORTED)/u;

/** Why a code could not be exchanged for tokens that may be trusted. Holds nothing of the answer. */
export function exchangeFailure(error: unknown): AuthentikError {
  if (error instanceof AuthentikError) return error;
  const codes: string[] = [];
  for (let current = error; current instanceof Error && codes.length < 5; current = current.cause) {
    const { code } = current as { code?: unknown };
    if (typeof code === 'string') codes.push(code);
  }
  const wrong = codes.find((code) => wrongAnswer.test(code));
  if (wrong !== undefined) {
    return new LoginError(
      'invalid_response',
      `Authentik's answer to the code, or the ID token in it, is not acceptable (${codes.join(', ')}). It is forged, of ` +
        'another application, or signed with a key that Authentik does not publish: see that its provider has a "Signing Key".',
    );
  }
  const failure = grantFailure('token', error);
  if (!(failure instanceof TokenGrantError)) return failure;
  return failure.reason === 'invalid_grant'
    ? new LoginError(
        'login_replayed',
        'Authentik does not take the code: it was used already, or is older than a minute.',
      )
    : new LoginError('login_failed', failure.message);
}
