import { spawn } from 'node:child_process';
import { constants } from 'node:os';

import { endWithParent } from './end-with-parent.js';

const FORWARDED: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/**
 * Runs a command to its end. Signals that we get go on to it; killed, we take it along.
 * @returns its exit code; 128 and the signal's number if a signal ended it; 127 if it can't be started
 */
export function runChild(command: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const [program = '', ...args] = command;
  return new Promise((resolve) => {
    const child = spawn(program, args, { env, stdio: 'inherit' });
    const forward = (signal: NodeJS.Signals) => void child.kill(signal);
    for (const signal of FORWARDED) process.on(signal, forward);
    const stopWatching = child.pid === undefined ? undefined : endWithParent(child.pid);
    const end = (code: number) => {
      stopWatching?.();
      for (const signal of FORWARDED) process.off(signal, forward);
      resolve(code);
    };
    child.once('error', (error) => {
      console.error(`Can't run ${program}: ${error.message}`);
      end(127);
    });
    child.once('exit', (code, signal) => end(code ?? 128 + (signal === null ? 0 : constants.signals[signal])));
  });
}
