import { AuthentikUnavailableError } from '../../errors/index.js';

/**
 * Authentik's server works at 8 requests at once unless it is told otherwise (2 workers with 4 threads). So many keep it
 * busy, and who signs in meanwhile stands behind a queue of eight each, not of thousands.
 */
const maxInFlight = 64;
/** Others wait for their turn, for they may be people who come at once after a deployment: so many, and so long. */
const maxWaiting = 1_000;
const longestWaitMs = 1_000;

/**
 * Bounds how many tokens Authentik is asked about at once that nothing vouches for: whoever makes tokens up must not flood
 * it through us. The limit is of this process, for all applications together.
 */
export class UnprovedTokens {
  private inFlight = 0;
  /** In the order in which they came. */
  private readonly waiting = new Set<() => void>();

  /**
   * @param endpoint that is asked: `introspection`, `userinfo`
   * @throws {AuthentikUnavailableError} its turn did not come in time, so this one was not asked about
   */
  async ask<T>(endpoint: string, call: () => Promise<T>): Promise<T> {
    if (this.inFlight < maxInFlight) this.inFlight += 1;
    else await this.turn(endpoint);
    try {
      return await call();
    } finally {
      this.passOn();
    }
  }

  private turn(endpoint: string): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.waiting.size >= maxWaiting) throw tooMany(endpoint);
      const timer = setTimeout(() => {
        this.waiting.delete(enter);
        reject(tooMany(endpoint));
      }, longestWaitMs);
      const enter = () => {
        clearTimeout(timer);
        resolve();
      };
      this.waiting.add(enter);
    });
  }

  private passOn(): void {
    const [next] = this.waiting;
    if (next === undefined) this.inFlight -= 1;
    else {
      this.waiting.delete(next);
      next();
    }
  }
}

const tooMany = (endpoint: string) =>
  new AuthentikUnavailableError(
    `Authentik is asked about ${maxInFlight} tokens already, which is as many as it is asked about at once. Somebody may be making tokens up.`,
    { endpoint, retryAfterSeconds: 1 },
  );
