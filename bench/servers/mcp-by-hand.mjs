import { requireBearerAuth } from '@modelcontextprotocol/express';

import { createVerifier } from './by-hand.mjs';
import { start as startOpen } from './mcp-alone.mjs';

/** The same MCP server behind the SDK's check of the token, which knows no tools. */
export async function start({ port, ...options }) {
  const verify = await createVerifier(options);
  await startOpen(
    { port },
    requireBearerAuth({
      verifier: {
        async verifyAccessToken(token) {
          const claims = await verify(`Bearer ${token}`);
          if (claims === undefined) throw new Error('not acceptable');
          return { token, clientId: claims.azp, scopes: claims.scope.split(' '), expiresAt: claims.exp, extra: claims };
        },
      },
    }),
  );
}
