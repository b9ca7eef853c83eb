import { AuthentikUnavailableError } from '../../errors/index.js';

/**
 * Authentik's server works at 8 requests at once unless it is told otherwise (2 workers with 4 threads). So many keep it
 * busy, and who signs in meanwhile stands behind a queue of eight each, not of thousands.
 */
const maxInFlight = 64;

/**
 * Bounds how many tokens Authentik is asked about at once that nothing vouches for: whoever makes tokens up must not flood
 * it through us. The limit is of this process, for all applications together.
 */
export class UnprovedTokens {
  private inFlight = 0;

  /**
   * @param endpoint that is asked: `introspection`, `userinfo`
   * @throws {AuthentikUnavailableError} as many are asked about as may be, so this one was not
   */
  async ask<T>(endpoint: string, call: () => Promise<T>): Promise<T> {
    if (this.inFlight >= maxInFlight) {
      throw new AuthentikUnavailableError(
        `Authentik is asked about ${maxInFlight} tokens already, which is as many as it is asked about at once. Somebody may be making tokens up.`,
        { endpoint, retryAfterSeconds: 1 },
      );
    }
    this.inFlight += 1;
    try {
      return await call();
    } finally {
      this.inFlight -= 1;
    }
  }
}
