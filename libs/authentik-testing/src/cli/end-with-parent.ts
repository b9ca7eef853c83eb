import { spawn } from 'node:child_process';

/** Reads until nobody can write any more, which is when this process has ended, however that was. */
const watch = (pid: number) =>
  `process.stdin.resume().once('end', () => { try { process.kill(${pid}, 'SIGTERM'); } catch {} });`;

/**
 * Has a process end with this one, even if this one is killed and can tell nobody: by a third one that watches.
 * @returns what stops the watching, for when that process has ended by itself
 */
export function endWithParent(pid: number): () => void {
  const watcher = spawn(process.execPath, ['-e', watch(pid)], {
    // A group of its own: Ctrl+C is for the others.
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
    env: {},
  });
  // Without it all else works.
  watcher.on('error', () => undefined);
  watcher.stdin.on('error', () => undefined);
  watcher.unref();
  return () => void watcher.kill('SIGKILL');
}
