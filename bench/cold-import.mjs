import { execFile } from 'node:child_process';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { median } from './statistics.mjs';

const samples = 9;
const probe = fileURLToPath(new URL('cold-import.probe.mjs', import.meta.url));

/** What importing the library costs on top of Nest, each time in a fresh process. */
export async function measureColdImport() {
  const probes = [];
  for (let sample = 0; sample < samples; sample += 1) {
    const { stdout } = await promisify(execFile)(process.execPath, [probe]);
    probes.push(JSON.parse(stdout));
  }
  return {
    ratio: median(probes.map(({ libraryMs, nestMs }) => libraryMs / nestMs)),
    mcpRatio: median(probes.map(({ mcpMs, nestMs }) => mcpMs / nestMs)),
    classValidator: probes.some(({ classValidator }) => classValidator),
  };
}
