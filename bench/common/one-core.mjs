import { execFileSync } from 'node:child_process';
import process from 'node:process';

/**
 * Measures with all threads of this process on one core, where `taskset` can do that: else most of what is measured is
 * how fast the machine wakes another core up for the signature, twice a token.
 * @param measure gets what to say of it in a note
 */
export async function onOneCore(measure) {
  const cores = taskset(['-cp']);
  if (cores === undefined) return measure('on all cores');
  const all = cores.slice(cores.lastIndexOf(':') + 1).trim();
  if (taskset(['-acp', all.split(/[-,]/u)[0]]) === undefined) return measure('on all cores');
  try {
    return await measure('on one core');
  } finally {
    taskset(['-acp', all]);
  }
}

function taskset(options) {
  try {
    return execFileSync('taskset', [...options, String(process.pid)], { encoding: 'utf8', stdio: 'pipe' });
  } catch {
    return undefined;
  }
}
