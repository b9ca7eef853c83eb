import { randomUUID } from 'node:crypto';
import { setTimeout as pass } from 'node:timers/promises';

/** One sentence that holds of everything that keeps a contract; for any test runner, or none. */
export interface ContractCase<Subjects extends readonly unknown[]> {
  /** What it does, to follow its name: `a store gives back what was set`. */
  readonly name: string;
  /** @throws {AssertionError} of `node:assert`, when it does not hold */
  readonly run: (...subjects: Subjects) => Promise<void>;
}

/** A name that no other case uses, so that all of them can run on one database, in any order. */
export const uniqueName = (): string => `contract:${randomUUID()}`;

const longestWaitMs = 5_000;
const pauseMs = 5;

/** Tries until an assertion holds. @throws what it threw last, after five seconds */
export async function eventually(assertion: () => void | Promise<void>): Promise<void> {
  const until = performance.now() + longestWaitMs;
  for (;;) {
    try {
      return await assertion();
    } catch (error) {
      if (performance.now() > until) throw error;
    }
    await pass(pauseMs);
  }
}
