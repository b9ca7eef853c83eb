import { createHash } from 'node:crypto';

/** One call at a time for a secret key, whoever asks; keeps the hash of the key, not the key. */
export class SingleFlight<T> {
  private readonly inFlight = new Map<string, Promise<T>>();

  run(key: string, call: () => Promise<T>): Promise<T> {
    const hash = createHash('sha256').update(key).digest('base64url');
    let running = this.inFlight.get(hash);
    if (running === undefined) {
      running = call().finally(() => this.inFlight.delete(hash));
      this.inFlight.set(hash, running);
    }
    return running;
  }
}
