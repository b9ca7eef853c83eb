import { execFile } from 'node:child_process';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { count, milliseconds, row } from './common/row.mjs';

const samples = 11;
const probe = fileURLToPath(new URL('common/import-probe.mjs', import.meta.url));

/** What importing the library costs on top of Nest, each time in a fresh process. */
export async function measureImport() {
  const probes = [];
  for (let sample = 0; sample < samples; sample += 1) {
    const { stdout } = await promisify(execFile)(process.execPath, [probe]);
    probes.push(JSON.parse(stdout));
  }
  const of = (figure) => probes.map((found) => found[figure]);
  const early = [...new Set(probes.flatMap(({ loadedEarly }) => loadedEarly))];
  const format = milliseconds;
  return {
    title: 'Import',
    note: `Fresh processes, ${samples} of them. ${early.length === 0 ? 'What is for later is not loaded.' : `Loaded too early: ${early.join(', ')}.`}`,
    rows: [
      row('Nest', of('nestMs'), { format }),
      row('`nestjs-authentik`, after Nest', of('libraryMs'), { format, atMost: 60 }),
      row('packages that the import loads and should not', [early.length], { format: count, atMost: 0 }),
      row('`nestjs-authentik/mcp`, after that and `@rekog/mcp-nest`', of('mcpMs'), { format }),
    ],
  };
}
