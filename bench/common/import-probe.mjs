import { createRequire } from 'node:module';
import { performance } from 'node:perf_hooks';

/** What must not be loaded by the import, but when it is first used. */
const forLater = [
  'class-validator',
  'openid-client',
  'passport-openidconnect',
  'express-session',
  'redis',
  '@rekog/mcp-nest',
  '@modelcontextprotocol/server',
];

async function timed(...names) {
  const before = performance.now();
  for (const name of names) await import(name);
  return performance.now() - before;
}

const nestMs = await timed('reflect-metadata', '@nestjs/common', '@nestjs/core', '@nestjs/platform-express');
const libraryMs = await timed('nestjs-authentik');
const { cache } = createRequire(import.meta.url);
const loaded = [...Object.keys(cache), ...process.moduleLoadList];
const loadedEarly = forLater.filter((name) =>
  loaded.some((file) => file.replaceAll('\\', '/').includes(`/node_modules/${name}/`)),
);
// Its peers first: an MCP server pays for them with or without us.
await timed('@nestjs/microservices', '@rekog/mcp-nest');
const mcpMs = await timed('nestjs-authentik/mcp');

console.log(JSON.stringify({ nestMs, libraryMs, loadedEarly, mcpMs }));
