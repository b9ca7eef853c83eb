import { createMiddleware } from './by-hand.mjs';
import { start as startOpen } from './mcp-alone.mjs';

/** The same MCP server behind one check of the token, which knows no tools. */
export async function start({ port, ...options }) {
  await startOpen({ port }, createMiddleware(options));
}
