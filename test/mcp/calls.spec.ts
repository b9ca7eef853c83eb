import { once } from 'node:events';

import type { ServerContext } from '@modelcontextprotocol/server';
import { Ctx, Payload } from '@nestjs/microservices';
import { type McpContext, McpController, Tool } from '@rekog/mcp-nest';
import { AllowedGroups } from 'nestjs-authentik';
import { type EmbeddedAuthentik, startEmbeddedAuthentik } from 'nestjs-authentik-testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';

import { mcpClients } from '../harness/mcp-clients.js';
import { type StartedApp, startMcpApp } from './app.js';
import { wireHeaders } from './wire.js';

const events = new EventTarget();
const tell = (name: string) => events.dispatchEvent(new Event(name));

@McpController()
class LongTools {
  @Tool({ name: 'steps', description: 'Tells of three steps' })
  @AllowedGroups('engineering')
  async steps(@Ctx() context: McpContext) {
    for (const progress of [1, 2, 3]) await context.reportProgress({ progress, total: 3 });
    return { content: [{ type: 'text' as const, text: 'done' }] };
  }

  @Tool({ name: 'patient', description: 'Goes on until it is cancelled' })
  @AllowedGroups('engineering')
  async patient(@Ctx() context: McpContext) {
    const { signal } = (context.getArgByIndex(4) as ServerContext).mcpReq;
    tell('started');
    if (!signal.aborted) await once(signal, 'abort');
    tell('cancelled');
    return { content: [] };
  }

  @Tool({
    name: 'weather',
    description: 'Answers in a form of its own',
    parameters: z.object({ city: z.string().default('Bern') }),
    outputSchema: z.object({ city: z.string(), degrees: z.number() }),
  })
  @AllowedGroups('engineering')
  weather(@Payload() { city }: { city: string }) {
    return { city, degrees: 7 };
  }

  @Tool({
    name: 'broken-weather',
    description: 'Answers in another form than it says',
    outputSchema: z.object({ degrees: z.number() }),
  })
  @AllowedGroups('engineering')
  brokenWeather() {
    return { degrees: 'seven' };
  }
}

let authentik: EmbeddedAuthentik;
let stateless: StartedApp;
let stateful: StartedApp;

beforeAll(async () => {
  authentik = await startEmbeddedAuthentik();
  stateless = await startMcpApp(authentik, { controllers: [LongTools] });
  stateful = await startMcpApp(authentik, { controllers: [LongTools], mcp: { sessions: {} } });
});
afterAll(async () => {
  await stateless.app.close();
  await stateful.app.close();
  await authentik.stop();
});

const connect = async (kind: (typeof mcpClients)[number], app: StartedApp, user = 'alice') =>
  kind.connectWithToken(app.url, await authentik.mintAccessToken({ user }));

describe.each(mcpClients)('$name', (kind) => {
  // What goes on during a call needs a session in the older protocol, and none in the newer one.
  const places = () => (kind.era === '2026-07-28' ? [stateless, stateful] : [stateful]);

  it('hears of the progress of its call', async () => {
    for (const app of places()) {
      const client = await connect(kind, app);
      const heard: number[] = [];
      await kind.call(client, 'steps', { onprogress: ({ progress }) => heard.push(progress) });
      await client.close();
      expect(heard).toEqual([1, 2, 3]);
    }
  });

  it('hears of no progress that it did not ask for, and gets its result', async () => {
    for (const app of [stateless, stateful]) {
      const client = await connect(kind, app);
      expect(await kind.call(client, 'steps', {})).toMatchObject({ content: [{ text: 'done' }] });
      await client.close();
    }
  });

  it('cancels what it no longer waits for', async () => {
    for (const app of places()) {
      const client = await connect(kind, app);
      const [started, cancelled] = [once(events, 'started'), once(events, 'cancelled')];
      const giveUp = new AbortController();
      const outcome = kind.call(client, 'patient', { signal: giveUp.signal }).then(
        () => 'answered',
        () => 'given up',
      );
      await started;
      giveUp.abort();
      expect(await outcome).toBe('given up');
      await cancelled;
      await client.close();
    }
  });

  it('learns the form of an answer, and gets it in that form', async () => {
    for (const app of [stateless, stateful]) {
      const client = await connect(kind, app);
      const { tools } = await client.listTools();
      expect(tools.find(({ name }) => name === 'weather')).toMatchObject({
        outputSchema: { type: 'object', required: ['city', 'degrees'] },
      });
      expect(await client.callTool({ name: 'weather', arguments: { city: 'Uri' } })).toMatchObject({
        structuredContent: { city: 'Uri', degrees: 7 },
      });
      await expect(client.callTool({ name: 'broken-weather', arguments: {} })).rejects.toThrow('outputSchema');
      await client.close();
    }
  });

  it('learns nothing of the form of an answer that the groups hide', async () => {
    const client = await connect(kind, stateless, 'bob');
    expect(JSON.stringify(await client.listTools())).not.toContain('degrees');
    await expect(client.callTool({ name: 'weather', arguments: { city: 7 } })).rejects.toThrow('Unknown tool: weather');
    await client.close();
  });
});

const post = async (token: string, body: object, id?: string) =>
  fetch(stateful.url, {
    method: 'POST',
    headers: {
      ...wireHeaders,
      authorization: `Bearer ${token}`,
      ...(id !== undefined && { 'mcp-session-id': id }),
    },
    body: JSON.stringify({ jsonrpc: '2.0', ...body }),
  });
const begin = async (token: string) => {
  const params = {
    protocolVersion: '2025-11-25',
    capabilities: {},
    clientInfo: { name: 'test', version: '1' },
  };
  const response = await post(token, { id: 1, method: 'initialize', params });
  await response.text();
  return response.headers.get('mcp-session-id') ?? '';
};

describe('a message that cancels', () => {
  it.each([
    ['of another person', 'bob'],
    ['of another session', 'alice'],
  ])('%s cancels nothing', async (_what, user) => {
    const cancel = { method: 'notifications/cancelled', params: { requestId: 7 } };
    const [alice, stranger] = [
      await authentik.mintAccessToken({ user: 'alice' }),
      await authentik.mintAccessToken({ user }),
    ];
    const [own, other] = [await begin(alice), await begin(stranger)];
    let isCancelled = false;
    const cancelled = once(events, 'cancelled').then(() => (isCancelled = true));
    const started = once(events, 'started');
    const call = await post(alice, { id: 7, method: 'tools/call', params: { name: 'patient', arguments: {} } }, own);
    await started;
    expect((await post(stranger, cancel, other)).status).toBe(202);
    if (user === 'bob') expect((await post(stranger, cancel, own)).status).toBe(404);
    // In order: what the stranger sent has been handled before this one is.
    expect(isCancelled).toBe(false);
    expect((await post(alice, cancel, own)).status).toBe(202);
    await cancelled;
    await call.body?.cancel();
  });
});
