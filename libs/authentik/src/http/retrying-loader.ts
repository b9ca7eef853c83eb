import { AuthentikUnavailableError } from '../errors/index.js';

export interface RetryingLoaderOptions<T> {
  /** What is loaded, for messages: `discovery`, `jwks`. */
  readonly endpoint: string;
  readonly load: () => Promise<T>;
  /** Milliseconds since any fixed moment, never going back. */
  readonly now: () => number;
  /** Told of each failure, once an attempt. */
  readonly onFailure?: (error: unknown) => void;
}

/** An outage, as the one who loads sees it. */
export interface LoadFailure {
  /** The messages of the error and its causes, for operators. */
  readonly reason: string;
  /** When the first of the attempts that fail now was made. */
  readonly since: Date;
}

const firstPauseMs = 500;
const longestPauseMs = 5_000;

/**
 * Loads something of Authentik: one attempt in flight whoever asks, and after a failure a growing pause in which the
 * next callers are told at once instead of knocking again.
 */
export class RetryingLoader<T> {
  private inFlight: Promise<T> | undefined;
  private failures = 0;
  private failingSince: Date | undefined;
  private pausedUntil = -Infinity;
  private lastFailure: unknown;

  constructor(private readonly options: RetryingLoaderOptions<T>) {}

  /** Whether a call would only be told that Authentik failed just now. */
  get isPaused(): boolean {
    return this.options.now() < this.pausedUntil;
  }

  /** That attempts fail now, why and since when; `undefined` after one that did not, and before the first. */
  get failure(): LoadFailure | undefined {
    return this.failingSince && { reason: causesOf(this.lastFailure), since: this.failingSince };
  }

  /** @throws {AuthentikUnavailableError} the attempt failed, or one failed a moment ago */
  load(): Promise<T> {
    this.inFlight ??= this.attempt().finally(() => {
      this.inFlight = undefined;
    });
    return this.inFlight;
  }

  private async attempt(): Promise<T> {
    if (this.isPaused) throw this.unavailable(this.lastFailure);
    try {
      const loaded = await this.options.load();
      this.failures = 0;
      this.failingSince = undefined;
      return loaded;
    } catch (error) {
      this.lastFailure = error;
      this.pausedUntil = this.options.now() + Math.min(firstPauseMs * 2 ** this.failures, longestPauseMs);
      this.failures += 1;
      this.failingSince ??= new Date();
      this.options.onFailure?.(error);
      throw this.unavailable(error);
    }
  }

  private unavailable(cause: unknown): AuthentikUnavailableError {
    const { endpoint, now } = this.options;
    // Whoever refuses a request logs this text alone.
    const why = causesOf(cause).replace(/\.$/u, '') || 'an unknown error';
    return new AuthentikUnavailableError(
      `Authentik's ${endpoint} could not be read, so no token can be judged now: ${why}. It is tried again by itself.`,
      { endpoint, retryAfterSeconds: Math.max(1, Math.ceil((this.pausedUntil - now()) / 1000)), cause },
    );
  }
}

/** What `openid-client` calls all that it has no name for; only the cause says something. */
const saysNothing = ({ message, cause }: Error) => message === 'something went wrong' && cause instanceof Error;

/** The messages of an error and of its causes, in one line. */
export function causesOf(error: unknown): string {
  const messages: string[] = [];
  for (let current = error; current instanceof Error && messages.length < 4; current = current.cause) {
    if (saysNothing(current)) continue;
    const code = (current as { code?: unknown }).code;
    messages.push(typeof code === 'string' ? `${current.message} (${code})` : current.message);
  }
  return messages.join(': ');
}
