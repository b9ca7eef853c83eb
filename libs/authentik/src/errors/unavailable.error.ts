import { AuthentikError } from './authentik.error.js';

/**
 * Authentik could not be asked, so nothing could be decided. The wire shows 503 with `Retry-After`, never 401:
 * a client must not throw its token away because a server is down.
 */
export class AuthentikUnavailableError extends AuthentikError {
  override readonly code = 'ERR_AUTHENTIK_UNAVAILABLE';
  /** What was asked: `discovery`, `jwks`, `redis`, `store` (the one of the option) and the like. */
  readonly endpoint: string;
  /** After how many seconds another attempt makes sense. */
  readonly retryAfterSeconds: number;

  constructor(message: string, details: { endpoint: string; retryAfterSeconds: number; cause?: unknown }) {
    super(message, { cause: details.cause });
    this.endpoint = details.endpoint;
    this.retryAfterSeconds = details.retryAfterSeconds;
  }
}
