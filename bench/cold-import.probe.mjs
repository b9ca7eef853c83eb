import { createRequire } from 'node:module';
import { performance } from 'node:perf_hooks';

async function timed(...names) {
  const before = performance.now();
  for (const name of names) await import(name);
  return performance.now() - before;
}

const nestMs = await timed('reflect-metadata', '@nestjs/common', '@nestjs/core', '@nestjs/platform-express');
const libraryMs = await timed('nestjs-authentik');
// class-validator is CommonJS, so whoever loads it leaves it there.
const classValidator = Object.keys(createRequire(import.meta.url).cache).some((file) =>
  /[/\\]class-validator[/\\]/u.test(file),
);
// Its peers first: an MCP server pays for them with or without us.
await timed('@nestjs/microservices', '@rekog/mcp-nest');
const mcpMs = await timed('nestjs-authentik/mcp');

console.log(JSON.stringify({ nestMs, libraryMs, mcpMs, classValidator }));
