import { once } from 'node:events';

import type { ServerContext } from '@modelcontextprotocol/server';
import { Ctx } from '@nestjs/microservices';
import { type McpContext, McpController, Tool } from '@rekog/mcp-nest';
import { Authenticated } from 'nestjs-authentik';
import { type EmbeddedAuthentik, startEmbeddedAuthentik } from 'nestjs-authentik-testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { ran, type StartedApp, startMcpApp } from './app.js';
import { legacyPost, modernPost, wireHeaders } from './wire.js';

/** mcp-nest has no accessor for the SDK's own context. */
const signalOf = (context: McpContext) => (context.getArgByIndex(4) as ServerContext).mcpReq.signal;

const running = new EventTarget();

@McpController()
class EndlessTools {
  @Tool({ name: 'endless', description: 'Goes on until it is cancelled' })
  @Authenticated()
  async endless(@Ctx() context: McpContext) {
    running.dispatchEvent(new Event('started'));
    await once(signalOf(context), 'abort');
    running.dispatchEvent(new Event('cancelled'));
    return { content: [{ type: 'text' as const, text: 'ended' }] };
  }
}

let authentik: EmbeddedAuthentik;
let server: StartedApp;

beforeAll(async () => {
  authentik = await startEmbeddedAuthentik();
  server = await startMcpApp(authentik, {
    controllers: [EndlessTools],
    options: { tokens: { clockToleranceSeconds: 0 } },
  });
});
afterAll(async () => {
  await server.app.close();
  await authentik.stop();
});

describe.each([
  ['2025-11-25', legacyPost],
  ['2026-07-28', modernPost],
] as const)('a stream, protocol %s', (_era, post) => {
  it('ends when its token does, and so does what the handler does', async () => {
    const token = await authentik.mintAccessToken({ user: 'alice', expiresInSeconds: 2 });
    const { headers, body } = post('tools/call', { name: 'endless', arguments: {} });
    const started = once(running, 'started');
    const cancelled = once(running, 'cancelled');
    const answer = fetch(server.url, {
      method: 'POST',
      headers: { ...wireHeaders, ...headers, authorization: `Bearer ${token}` },
      body: JSON.stringify(body),
    });
    await started;
    const response = await answer;
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toContain('error="invalid_token"');
    await cancelled;
  });
});

it('runs nothing for a user of whom nobody knows when the token ends', async () => {
  const unending = await startMcpApp(authentik, {
    options: { mapUser: (user) => ({ ...user, expiresAt: Number.NaN }) },
  });
  ran.length = 0;
  const { body } = legacyPost('tools/call', { name: 'anyone', arguments: {} });
  const response = await fetch(unending.url, {
    method: 'POST',
    headers: { ...wireHeaders, ...(await authentik.bearer('alice')) },
    body: JSON.stringify(body),
  });
  expect(response.status).toBe(401);
  await unending.app.close();
  expect(ran).toEqual([]);
});
