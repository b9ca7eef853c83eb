import { once } from 'node:events';

import { Ctx } from '@nestjs/microservices';
import * as v2 from '@modelcontextprotocol/client';
import type { ServerContext } from '@modelcontextprotocol/server';
import { type McpContext, McpController, Tool } from '@rekog/mcp-nest';
import { Authenticated, type AuthentikUser, CurrentUser } from 'nestjs-authentik';
import { type EmbeddedAuthentik, startEmbeddedAuthentik } from 'nestjs-authentik-testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { ran, type StartedApp, startMcpApp } from './app.js';
import { legacyPost, modernPost, wireHeaders } from './wire.js';

/** mcp-nest has no accessor for the SDK's own context. */
const signalOf = (context: McpContext) => (context.getArgByIndex(4) as ServerContext).mcpReq.signal;

const running = new EventTarget();

@McpController()
class LongTools {
  @Tool({ name: 'endless', description: 'Tells of its progress until it is cancelled' })
  @Authenticated()
  async endless(@Ctx() context: McpContext) {
    await context.reportProgress({ progress: 1 });
    await once(signalOf(context), 'abort');
    running.dispatchEvent(new Event('cancelled'));
    return { content: [] };
  }

  @Tool({ name: 'endless-web', description: 'Tells of its progress until its web request is aborted' })
  @Authenticated()
  async endlessWeb(@Ctx() context: McpContext) {
    await context.reportProgress({ progress: 1 });
    const { http } = context.getArgByIndex(4) as ServerContext;
    if (http?.req !== undefined) await once(http.req.signal, 'abort');
    running.dispatchEvent(new Event('cancelled'));
    return { content: [] };
  }

  @Tool({ name: 'outlive', description: 'Works until its token has ended' })
  @Authenticated()
  async outlive(@CurrentUser() user: AuthentikUser) {
    ran.push('outlive');
    // A second call comes with a token that lives on, and has nothing to wait for.
    if (ran.length === 1) await new Promise((resolve) => setTimeout(resolve, user.expiresAt * 1000 + 50 - Date.now()));
    return { content: [{ type: 'text' as const, text: 'done' }] };
  }
}

let authentik: EmbeddedAuthentik;
let stateless: StartedApp;
let stateful: StartedApp;

beforeAll(async () => {
  authentik = await startEmbeddedAuthentik();
  const shape = { controllers: [LongTools], options: { tokens: { clockToleranceSeconds: 0 } } };
  stateless = await startMcpApp(authentik, shape);
  stateful = await startMcpApp(authentik, { ...shape, mcp: { sessions: {} } });
});
afterAll(async () => {
  await stateless.app.close();
  await stateful.app.close();
  await authentik.stop();
});
beforeEach(() => {
  ran.length = 0;
});

const shortLived = () => authentik.mintAccessToken({ user: 'alice', expiresInSeconds: 2 });
const longLived = () => authentik.mintAccessToken({ user: 'alice' });

async function open(
  app: StartedApp,
  token: string,
  message?: { headers: Record<string, string>; body: object },
  more: Record<string, string> = {},
): Promise<Response> {
  return fetch(app.url, {
    method: message === undefined ? 'GET' : 'POST',
    headers: { ...wireHeaders, ...message?.headers, ...more, authorization: `Bearer ${token}` },
    ...(message !== undefined && { body: JSON.stringify(message.body) }),
  });
}

async function begin(token: string): Promise<Record<string, string>> {
  const clientInfo = { name: 'test', version: '1' };
  const initialize = legacyPost('initialize', { protocolVersion: '2025-11-25', capabilities: {}, clientInfo });
  const response = await open(stateful, token, initialize);
  await response.text();
  return { 'mcp-session-id': response.headers.get('mcp-session-id') ?? '' };
}

/** Reads to the end. Only the end of the token brings it: nothing else ends these streams. */
async function expectToEnd(response: Response): Promise<void> {
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toContain('text/event-stream');
  await response.text();
}

const endless = { name: 'endless', arguments: {}, _meta: { progressToken: 1 } };

describe('a stream ends when the token of its request does', () => {
  it('of notifications, protocol 2026-07-28', async () => {
    const listen = modernPost('subscriptions/listen', { notifications: { toolsListChanged: true } });
    await expectToEnd(await open(stateless, await shortLived(), listen));
  });

  it('of notifications in a session, which lives on with the next token', async () => {
    const session = await begin(await longLived());
    await expectToEnd(await open(stateful, await shortLived(), undefined, session));
    const again = await open(stateful, await longLived(), undefined, session);
    expect(again.status).toBe(200);
    await again.body?.cancel();
  });

  it.each(['endless', 'endless-web'])('of a call, protocol 2026-07-28, and the handler is told: %s', async (name) => {
    const cancelled = once(running, 'cancelled');
    const call = modernPost('tools/call', { name, arguments: {} });
    const { params } = call.body as { params: { _meta: object } };
    Object.assign(params._meta, { progressToken: 1 });
    await expectToEnd(await open(stateless, await shortLived(), call));
    await cancelled;
  });

  it('of a call in a session', async () => {
    const session = await begin(await longLived());
    await expectToEnd(await open(stateful, await shortLived(), legacyPost('tools/call', endless), session));
  });
});

describe.each([
  ['2025-11-25', {}],
  ['2026-07-28', { versionNegotiation: { mode: { pin: '2026-07-28' } } }],
] as const)('a call with a single answer, protocol %s', (_era, options) => {
  it('may outlive its token: refused then, the client would send it once more', async () => {
    let token = await shortLived();
    const client = new v2.Client({ name: 'test', version: '1' }, options);
    const authProvider = {
      token: () => Promise.resolve(token),
      onUnauthorized: async () => {
        token = await longLived();
      },
    };
    await client.connect(new v2.StreamableHTTPClientTransport(new URL(stateless.url), { authProvider }));
    const result = await client.callTool({ name: 'outlive', arguments: {} });
    expect(result).toMatchObject({ content: [{ text: 'done' }] });
    expect(ran).toEqual(['outlive']);
    // The token has ended, and the next message needs a new one.
    const ended = token;
    await client.listTools();
    expect(token).not.toBe(ended);
    await client.close();
  });
});
