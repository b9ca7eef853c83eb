// Measures this library beside its peers, prints a table for each question, and writes RESULTS.md. `npm run bench`
// builds first and then runs this; `npm run bench -- mcp memory` asks these questions only and leaves RESULTS.md alone.
import { access, writeFile } from 'node:fs/promises';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

import { print, toMarkdown } from './report.mjs';

/** One file, one question. A file that is not there is left out. */
const measurements = [
  ['verify', 'measureVerification'],
  ['refusals', 'measureRefusals'],
  ['guard-paired', 'measurePairedGuards'],
  ['guard-throughput', 'measureGuardThroughput'],
  ['mcp', 'measureMcp'],
  ['memory', 'measureMemory'],
  ['import', 'measureImport'],
  ['cold-herd', 'measureColdHerd'],
  ['sessions', 'measureSessions'],
  ['testing-kit', 'measureTestingKit'],
];

const asked = process.argv.slice(2);
const isThere = (file) =>
  access(file).then(
    () => true,
    () => false,
  );

const tables = [];
for (const [name, measure] of measurements) {
  const file = new URL(`${name}.mjs`, import.meta.url);
  if ((asked.length > 0 && !asked.includes(name)) || !(await isThere(file))) continue;
  console.log(`\nMeasuring: ${name}`);
  const table = await (await import(file.href))[measure]();
  tables.push(table);
  print(table);
}

const missed = tables.flatMap(({ rows }) => rows).filter(({ met }) => met === false);
console.log(missed.length === 0 ? '\nEvery bar is met.' : `\n${missed.length} bars are not met.`);
if (asked.length === 0) {
  const results = fileURLToPath(new URL('RESULTS.md', import.meta.url));
  await writeFile(results, await toMarkdown(tables, results));
}
