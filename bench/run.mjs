// What the guards cost, as ratios measured side by side. `npm run bench` builds first and then runs this.
// BENCH_ROUNDS and BENCH_SECONDS make it shorter or longer; a run shorter than the default leaves RESULTS.md alone.
import { writeFile } from 'node:fs/promises';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

import { format, resolveConfig } from 'prettier';
import { startEmbeddedAuthentik } from 'nestjs-authentik-testing';

import { measureColdImport } from './cold-import.mjs';
import { groups } from './contenders.mjs';
import { measureGroup } from './measure.mjs';
import { toMarkdown } from './report.mjs';

const full = { rounds: 8, seconds: 2 };
const rounds = Number(process.env.BENCH_ROUNDS ?? full.rounds);
const seconds = Number(process.env.BENCH_SECONDS ?? full.seconds);
// In turn, as from as many clients that each ask often: what remembers a verified token may show it here.
const distinctTokens = 50;

const authentik = await startEmbeddedAuthentik();
const tokens = await Promise.all(
  Array.from({ length: distinctTokens }, () => authentik.mintAccessToken({ user: 'alice' })),
);
const [{ slug, clientId }] = authentik.applications;
const options = { url: authentik.url, applicationSlug: slug, clientId };

const results = [];
for (const { title, routes } of groups) {
  console.log(`Measuring: ${title}`);
  results.push({ title, rows: await measureGroup({ routes, options, tokens, rounds, seconds }) });
}
await authentik.stop();
console.log('Measuring: import');
const coldImport = await measureColdImport();

const file = fileURLToPath(new URL('RESULTS.md', import.meta.url));
const markdown = await format(
  toMarkdown({ results, coldImport, rounds, seconds, nodeVersion: process.version, date: new Date() }),
  { ...(await resolveConfig(file)), parser: 'markdown' },
);
console.log(`\n${markdown}`);
if (rounds >= full.rounds && seconds >= full.seconds) {
  await writeFile(file, markdown);
} else {
  console.log('RESULTS.md stays as it is: this run was shorter than a full one.');
}
if (coldImport.classValidator) {
  console.error('Importing nestjs-authentik loads class-validator, which is for the start alone.');
  process.exitCode = 1;
}
