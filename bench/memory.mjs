import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { startAuthentik } from './common/authentik.mjs';
import { kilobytes, row } from './common/row.mjs';
import { startServer } from './common/server-process.mjs';

const tokensEach = 10_000;
const people = 500;
const samples = 3;

/** What a remembered token holds on to. */
export async function measureMemory() {
  const authentik = await startAuthentik({ people });
  const folder = await mkdtemp(join(tmpdir(), 'bench-'));
  try {
    // ES256 is quicker to make; what is kept of a token knows nothing of its signature.
    const file = join(folder, 'tokens');
    const warmUp = join(folder, 'warm-up');
    await writeFile(file, (await authentik.tokens(tokensEach, 'es256', authentik.others)).join('\n'));
    await writeFile(warmUp, (await authentik.tokens(1000, 'es256')).join('\n'));
    const measure = async (keepClaims) => {
      const values = [];
      for (let sample = 0; sample < samples; sample += 1) {
        const options = { ...authentik.optionsOf('es256'), files: [file], warmUp, keepClaims };
        const server = await startServer('memory', options, ['--expose-gc']);
        values.push((await server.ask('bytes')) / tokensEach);
        server.stop();
      }
      return values;
    };
    return {
      title: 'Memory of a remembered token',
      note: `Heap after ${tokensEach} verified tokens less that before, a process of its own for each of ${samples} samples. The tokens have 25 claims and 20 groups, and are of ${people} people in turn.`,
      rows: [
        row('with its claims', await measure(true), { format: kilobytes, atMost: 1400 }),
        row('with `keepClaims: false`', await measure(false), { format: kilobytes, atMost: 600 }),
      ],
    };
  } finally {
    await rm(folder, { recursive: true });
    await authentik.stop();
  }
}
