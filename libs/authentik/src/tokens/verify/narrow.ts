import type { AuthentikUser } from '../../protocol/user.js';
import { refuse } from './jwt.verifier.js';

/** What one caller asks of a token beyond what the module does. It can only ask for more. */
export interface VerifyTokenOptions {
  /** An `aud` that the token must have besides. Default none. */
  readonly audience?: string;
  /** Allowed lateness after `exp`, in seconds. Default, and at most, `tokens.clockToleranceSeconds`. */
  readonly clockToleranceSeconds?: number;
}

/**
 * @returns the user of a verified token, if the caller's own conditions hold as well
 * @throws {TokenVerificationError} they do not
 */
export function narrow(user: AuthentikUser, { audience, clockToleranceSeconds }: VerifyTokenOptions): AuthentikUser {
  if (audience !== undefined && ![user.claims.aud].flat().includes(audience)) throw refuse('audience');
  if (clockToleranceSeconds !== undefined && Date.now() / 1000 >= user.expiresAt + clockToleranceSeconds) {
    throw refuse('expired');
  }
  return user;
}
