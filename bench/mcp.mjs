import process from 'node:process';

import { startAuthentik } from './common/authentik.mjs';
import { row } from './common/row.mjs';
import { startServer } from './common/server-process.mjs';
import { measureCpu, perCpu } from './common/throughput.mjs';

/** Fresh processes, since what the compiler makes of one of them differs by more than what is measured. */
const starts = 5;
const rounds = Number(process.env.BENCH_ROUNDS ?? 10);
const seconds = 0.5;

const parameters = { name: 'time', arguments: {} };
const post = (headers, params) => ({
  method: 'POST',
  path: '/mcp',
  headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', ...headers },
  body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params }),
});

/** One call in each era of the protocol. */
const calls = {
  '2025-11-25': post({}, parameters),
  '2026-07-28': post(
    { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': 'time' },
    {
      ...parameters,
      _meta: {
        'io.modelcontextprotocol/protocolVersion': '2026-07-28',
        'io.modelcontextprotocol/clientCapabilities': {},
        'io.modelcontextprotocol/clientInfo': { name: 'bench', version: '1' },
      },
    },
  ),
};

const servers = [
  { server: 'mcp-alone', needsToken: false },
  { server: 'mcp-guarded', needsToken: true },
  { server: 'mcp-by-hand', needsToken: true },
];

/** What `connectMcp()` costs a tool call, in both eras. */
export async function measureMcp() {
  const authentik = await startAuthentik();
  const options = authentik.optionsOf('rs256');
  const running = [];
  try {
    const tokens = await authentik.tokens(200);
    const rows = [];
    for (const [era, request] of Object.entries(calls)) {
      const founds = [];
      // Fresh ones for each era, too: what one call warms up slows the other down.
      for (let start = 0; start < starts; start += 1) {
        const targets = [];
        for (const { server: name, needsToken } of servers) {
          const server = await startServer(name, options);
          running.push(server);
          targets.push({ name, server, request, needsToken, expected: 'now' });
        }
        founds.push(await measureCpu({ targets, tokens, rounds, seconds, warmUpSeconds: 4 }));
        while (running.length > 0) running.pop().stop();
      }
      const alone = (name) => perCpu(founds, name, 'mcp-alone');
      rows.push(
        row(`${era}: \`connectMcp()\` and \`@AllowedGroups()\``, alone('mcp-guarded'), { atLeast: 0.95 }),
        row(`${era}: \`requireBearerAuth\` and \`jose\`, which knows no tools`, alone('mcp-by-hand')),
      );
    }
    return {
      title: 'MCP `tools/call` for the same CPU',
      note:
        'The same tool on `@rekog/mcp-nest` alone, open to everybody, is 1. Server CPU time for a call under load ' +
        `(16 connections, 200 RS256 tokens in turn), summed over ${rounds} rounds of ${seconds} s each in turn; ${starts} times with ` +
        'fresh processes.',
      rows,
    };
  } finally {
    for (const server of running) server.stop();
    await authentik.stop();
  }
}
