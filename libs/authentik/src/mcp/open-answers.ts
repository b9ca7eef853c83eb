import type { ServerResponse } from 'node:http';

const sweepMs = 1000;

/**
 * Answers that are under way. A stream ends when the token of its request does, for it would go on for as long as its
 * client likes; the client comes back with a new token. A call that gets a single answer is left to finish: clients send
 * what was answered with 401 once more, and a tool would do its work twice.
 *
 * One timer for all of them, so that a stream ends up to a second late: most answers are complete long before, and a timer
 * for each would cost more than to look the token up.
 */
export class OpenAnswers {
  private readonly endsAtMs = new Map<ServerResponse, number>();
  private timer: NodeJS.Timeout | undefined;

  /** @param endsAtMs when its token ends, in epoch milliseconds */
  begin(response: ServerResponse, endsAtMs: number): void {
    this.endsAtMs.set(response, endsAtMs);
    this.timer ??= setInterval(() => this.sweep(), sweepMs).unref();
  }

  /** Told when a handler has done its work; what goes on as a stream stays. */
  end(response: ServerResponse): void {
    if (isOver(response)) this.endsAtMs.delete(response);
  }

  /** Looks at none of them any more. */
  close(): void {
    clearInterval(this.timer);
    this.timer = undefined;
    this.endsAtMs.clear();
  }

  private sweep(): void {
    const now = Date.now();
    for (const [response, endsAtMs] of this.endsAtMs) {
      // No stream yet: a handler that tells of its progress may make one of it, and is looked at again.
      if (!isOver(response) && endsAtMs <= now && response.headersSent) response.end();
      this.end(response);
    }
    if (this.endsAtMs.size === 0) this.close();
  }
}

const isOver = (response: ServerResponse) => response.writableEnded || response.destroyed;
