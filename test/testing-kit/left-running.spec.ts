import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { describe, expect, it } from 'vitest';

const run = promisify(execFile);

/** Runs a program that never calls `exit`: that it ends proves that nothing holds it. Killed after the time, it fails. */
async function runToItsEnd(name: string): Promise<unknown> {
  const file = fileURLToPath(new URL(name, import.meta.url));
  const { stdout } = await run(process.execPath, [file], { timeout: 60_000 });
  return JSON.parse(stdout);
}

describe('a process with embedded Authentiks', () => {
  it('runs a hundred side by side, and ends by itself once they are stopped', { timeout: 90_000 }, async () => {
    expect(await runToItsEnd('many.mjs')).toEqual({
      distinct: 100,
      // Each knows its own tokens, and no other's.
      statuses: ['200,401'],
      ports: ['closed'],
      left: [],
    });
  });

  it('ends by itself where `actingAs` has started one that nobody stops', { timeout: 90_000 }, async () => {
    expect(await runToItsEnd('unheld.mjs')).toEqual({ groups: ['engineering'], same: true });
  });
});
