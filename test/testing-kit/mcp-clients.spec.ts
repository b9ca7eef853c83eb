import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import * as v1 from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as V1Transport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { actingAs, type EmbeddedAuthentik, startEmbeddedAuthentik } from 'nestjs-authentik-testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { startMcpApp, type StartedApp } from '../mcp/app.js';

let authentik: EmbeddedAuthentik;
let server: StartedApp;
beforeAll(async () => {
  authentik = await startEmbeddedAuthentik();
  server = await startMcpApp(authentik);
});
afterAll(async () => {
  await server.app.close();
  await authentik.stop();
});

const information = { name: 'test', version: '1' };
const pinned = { versionNegotiation: { mode: { pin: '2026-07-28' } } } as const;

/** As a team writes it in its own tests: the headers are the only line that knows of a person. */
const clients = {
  'SDK 2, protocol 2025-11-25': async (headers: Record<string, string>) => {
    const client = new Client(information);
    await client.connect(new StreamableHTTPClientTransport(new URL(server.url), { requestInit: { headers } }));
    return client;
  },
  'SDK 2, protocol 2026-07-28': async (headers: Record<string, string>) => {
    const client = new Client(information, pinned);
    await client.connect(new StreamableHTTPClientTransport(new URL(server.url), { requestInit: { headers } }));
    return client;
  },
  'SDK 1': async (headers: Record<string, string>) => {
    const client = new v1.Client(information);
    await client.connect(new V1Transport(new URL(server.url), { requestInit: { headers } }));
    return client;
  },
};

describe.each(Object.entries(clients))('actingAs with a client of %s', (_, connect) => {
  it('shows and runs what the groups admit', async () => {
    const client = await connect(await actingAs({ groups: ['engineering'] }));
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).toContain('team-report');
    const { content } = await client.callTool({ name: 'team-report' });
    expect(content).toEqual([{ type: 'text', text: '{"groups":["engineering"]}' }]);
    await client.close();
  });

  it('hides what they do not, and lets nobody in with a token that ended', async () => {
    const client = await connect(await actingAs({ groups: ['sales'] }));
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).not.toContain('team-report');
    await client.close();
    await expect(connect(await actingAs({ groups: ['engineering'], expiresInSeconds: -60 }))).rejects.toThrow();
  });
});
