import { arch, availableParallelism, platform } from 'node:os';
import process from 'node:process';

import { format, resolveConfig } from 'prettier';

const verdict = ({ met }) => (met === undefined ? '' : met ? 'met' : '**not met**');

/** For a terminal. */
export function print({ title, note, rows }) {
  console.log(`\n${title}\n${note}\n`);
  console.table(
    rows.map((row) => ({
      what: row.what.replaceAll('`', ''),
      figure: row.figure,
      bar: row.bar,
      spread: row.spread,
      verdict: verdict(row).replaceAll('*', ''),
    })),
  );
}

function table({ title, note, rows }) {
  const lines = rows.map((row) => `| ${row.what} | ${row.figure} | ${row.bar} | ${row.spread} | ${verdict(row)} |`);
  return `## ${title}

${note}

| | figure | bar | spread | verdict |
| --- | ---: | ---: | ---: | --- |
${lines.join('\n')}`;
}

/** How fast the machine is, for times can't be compared without. */
function yardstick(tables) {
  const found = tables.flatMap(({ rows }) => rows).find(({ what }) => what === 'RS256, `jose`');
  return found === undefined
    ? ''
    : `On this machine \`jose\` verifies an RS256 token in ${found.figure}; bars in µs and ms are for one on which it takes 74 to 108 µs.\n`;
}

/** The whole run, as it goes into RESULTS.md. */
export async function toMarkdown(tables, file) {
  const markdown = `# What this library costs, beside its peers

One run of \`npm run bench\` on ${new Date().toISOString().slice(0, 10)}: Node ${process.version}, ${platform()} ${arch()}, ${availableParallelism()} cores.
Figures are medians, and the spread is the quartiles of what they are of: rounds, blocks or processes. Ratios were measured side by side and hold for other machines;
times do not. ${yardstick(tables)}Peers are real packages at their newest version.

${tables.map(table).join('\n\n')}
`;
  return format(markdown, { ...(await resolveConfig(file)), parser: 'markdown' });
}
