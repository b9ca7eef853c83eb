import { AuthentikError } from './authentik.error.js';

/** One mistake in a configuration. */
export interface ConfigIssue {
  /** Name of the option as typed, for example `publicUrl`. */
  readonly option: string;
  /** What is wrong. */
  readonly problem: string;
  /** What to write instead. */
  readonly remedy: string;
}

/**
 * The configuration cannot be used; the application does not start. Carries every mistake at once.
 * Never shown on the wire.
 */
export class AuthentikConfigError extends AuthentikError {
  override readonly code = 'ERR_AUTHENTIK_CONFIG';
  declare readonly issues: readonly ConfigIssue[];

  constructor(issues: readonly ConfigIssue[]) {
    const lines = issues.map(({ option, problem, remedy }) => `  - ${option}: ${problem} ${remedy}`);
    const count = issues.length === 1 ? 'one mistake' : `${issues.length} mistakes`;
    super(`The Authentik configuration has ${count}:\n${lines.join('\n')}`);
    // Node prints what can be enumerated of an error that nobody catches, and the message has told each mistake.
    Object.defineProperty(this, 'issues', { value: issues, enumerable: false });
  }
}
