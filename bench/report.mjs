const ratio = (value) => value.toFixed(2);

function table({ title, rows }) {
  const lines = rows.map(({ name, throughput, quartiles, cpu }, index) =>
    index === 0
      ? `| ${name} | 1 | | 1 |`
      : `| ${name} | ${ratio(throughput)} | ${quartiles.map(ratio).join('-')} | ${ratio(cpu)} |`,
  );
  return `## ${title}

| | throughput | quartiles | CPU a request |
| --- | ---: | ---: | ---: |
${lines.join('\n')}`;
}

/** The results as they go into RESULTS.md: ratios only, for absolute figures say more about a machine than about us. */
export function toMarkdown({ results, coldImport, rounds, seconds, nodeVersion, date }) {
  const { ratio: library, mcpRatio, classValidator } = coldImport;
  return `# What the guards cost

Ratios to the first row of each table, measured side by side in one run of \`npm run bench\`: medians of ${rounds} rounds
of ${seconds} seconds, 16 connections, 50 distinct RS256 tokens in turn, so that each comes again and again. Throughput: higher is
better. CPU of the server: lower is better, and steadier. Read a difference within the quartiles as none.

Node ${nodeVersion}, ${date.toISOString().slice(0, 10)}.

${results.map(table).join('\n\n')}

## Import

| | of the import of Nest |
| --- | ---: |
| \`nestjs-authentik\`, after Nest | ${ratio(library)} |
| \`nestjs-authentik/mcp\`, after that and \`@rekog/mcp-nest\` | ${ratio(mcpRatio)} |

\`class-validator\` ${classValidator ? 'is loaded by the import.' : 'is not loaded by the import, but when options are checked.'}
`;
}
