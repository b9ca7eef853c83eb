import { McpController, Tool } from '@rekog/mcp-nest';
import { AllowedGroups, Authenticated, RequiredScopes } from 'nestjs-authentik';
import { type EmbeddedAuthentik, startEmbeddedAuthentik } from 'nestjs-authentik-testing';
import { connectMcp, type McpCapabilities } from 'nestjs-authentik/mcp';
import request from 'supertest';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { mcpClients } from '../harness/mcp-clients.js';
import { ran, type StartedApp, startMcpApp } from './app.js';
import { legacyPost, modernPost, wireHeaders } from './wire.js';

const done = (name: string) => {
  ran.push(name);
  return { content: [{ type: 'text' as const, text: name }] };
};

@McpController({ server: 'operations' })
class OperationsTools {
  @Tool({ name: 'restart', description: 'For admins' })
  @AllowedGroups('authentik Admins')
  restart() {
    return done('restart');
  }

  @Tool({ name: 'uptime', description: 'For any signed-in user' })
  @Authenticated()
  uptime() {
    return done('uptime');
  }

  @Tool({ name: 'anyone', description: 'A name that the other endpoint has too, for fewer' })
  @AllowedGroups('authentik Admins')
  anyone() {
    return done('anyone of operations');
  }

  @Tool({ name: 'scoped', description: 'For tokens that may operate' })
  @RequiredScopes('operate')
  scoped() {
    return done('scoped');
  }
}

let authentik: EmbeddedAuthentik;
let server: StartedApp;
let operations: McpCapabilities;
let mirror: McpCapabilities;

beforeAll(async () => {
  authentik = await startEmbeddedAuthentik({
    applications: [{ slug: 'mcp-server', scopeMappings: { operate: {} } }],
  });
  server = await startMcpApp(authentik, {
    controllers: [OperationsTools],
    mcp: { sessions: {} },
    configure: async (app) => {
      const shared = { version: '2.0.0', sessions: {} };
      operations = await connectMcp(app, { ...shared, path: '/ops/mcp', name: 'operations', server: 'operations' });
      mirror = await connectMcp(app, { ...shared, path: '/mirror', name: 'mirror' });
    },
  });
  operations.registerTool({ name: 'late', description: '', handler: () => done('late') }, { authenticated: true });
});
afterAll(async () => {
  await server.app.close();
  await authentik.stop();
});
beforeEach(() => {
  ran.length = 0;
});

const scopes = ['openid', 'profile'];
const tokenOf = (user: string) => authentik.mintAccessToken({ user, scopes });

describe.each(mcpClients)('several endpoints in one app, $name', (kind) => {
  const connect = async (path: string, user: string) =>
    kind.connectWithToken(`${server.origin}${path}`, await tokenOf(user));
  const namesAt = async (path: string, user: string) => {
    const client = await connect(path, user);
    const { tools } = await client.listTools();
    await client.close();
    return tools.map(({ name }) => name).toSorted();
  };

  const call = async (path: string, user: string, name: string) => {
    const client = await connect(path, user);
    const outcome = await client.callTool({ name, arguments: {} }).then(
      () => 'ran',
      (error: { code?: unknown }) => error.code,
    );
    await client.close();
    return outcome;
  };

  it('have each their tools, by the server of their controllers', async () => {
    expect(await namesAt('/mcp', 'bob')).toEqual(['anyone', 'lifted']);
    expect(await namesAt('/mirror', 'bob')).toEqual(['anyone', 'lifted']);
    expect(await namesAt('/ops/mcp', 'bob')).toEqual(['late', 'scoped', 'uptime']);
    expect(await namesAt('/ops/mcp', 'root')).toEqual(['anyone', 'late', 'restart', 'scoped', 'uptime']);
  });

  it('know nothing of those of the others, and judge a shared name by their own rule', async () => {
    expect(await call('/mcp', 'root', 'restart')).toBe(-32602);
    expect(await call('/mcp', 'root', 'late')).toBe(-32602);
    expect(await call('/mirror', 'root', 'late')).toBe(-32602);
    expect(await call('/ops/mcp', 'root', 'purge-records')).toBe(-32602);
    expect(await call('/ops/mcp', 'bob', 'anyone')).toBe(-32602);
    expect(ran).toEqual([]);
    expect(await call('/mcp', 'bob', 'anyone')).toBe('ran');
    expect(await call('/ops/mcp', 'root', 'anyone')).toBe('ran');
    expect(await call('/ops/mcp', 'bob', 'late')).toBe('ran');
    expect(ran).toEqual(['anyone', 'anyone of operations', 'late']);
  });

  it('can be connected to with the URL alone', async () => {
    const credentials = { username: 'root', password: authentik.password };
    const client = await kind.connect(`${server.origin}/ops/mcp`, 'mcp-server', credentials);
    expect((await client.listTools()).tools.map(({ name }) => name)).toContain('restart');
    await client.close();
  });
});

describe('each endpoint', () => {
  it.each([
    ['/mcp', 'reports'],
    ['/ops/mcp', 'operations'],
    ['/mirror', 'mirror'],
  ])('%s has a challenge and a document of its own', async (path, name) => {
    const refused = await request(server.origin).post(path);
    expect(refused.status).toBe(401);
    const metadataUrl = `${server.origin}/.well-known/oauth-protected-resource${path}`;
    expect(refused.headers['www-authenticate']).toContain(`resource_metadata="${metadataUrl}"`);
    const document = await request(metadataUrl).get('');
    expect(document.body).toMatchObject({ resource: `${server.origin}${path}`, resource_name: name });
  });

  it('leads who lacks a scope to its own document', async () => {
    const { headers, body } = modernPost('tools/call', { name: 'scoped', arguments: {} });
    const refused = await request(server.origin)
      .post('/ops/mcp')
      .set({ ...wireHeaders, ...headers, authorization: `Bearer ${await tokenOf('bob')}` })
      .send(body);
    expect(refused.status).toBe(403);
    expect(refused.headers['www-authenticate']).toContain(
      `resource_metadata="${server.origin}/.well-known/oauth-protected-resource/ops/mcp"`,
    );
  });

  it('has its own sessions', async () => {
    const token = await tokenOf('bob');
    const send = (path: string, body: object, more: Record<string, string> = {}) =>
      request(server.origin)
        .post(path)
        .set({ ...wireHeaders, ...more, authorization: `Bearer ${token}` })
        .send(body);
    const clientInfo = { name: 'test', version: '1' };
    const initialize = legacyPost('initialize', { protocolVersion: '2025-11-25', capabilities: {}, clientInfo });
    const id = (await send('/mcp', initialize.body)).headers['mcp-session-id'] as string;
    const list = legacyPost('tools/list').body;
    expect((await send('/mcp', list, { 'mcp-session-id': id })).status).toBe(200);
    for (const path of ['/ops/mcp', '/mirror']) {
      expect((await send(path, list, { 'mcp-session-id': id })).status).toBe(404);
    }
  });

  it('is alone with what is registered there at run time', async () => {
    mirror.registerTool(
      { name: 'mirrored', description: '', handler: () => done('mirrored') },
      { authenticated: true },
    );
    const [kind] = mcpClients;
    const namesAt = async (path: string) => {
      const client = await kind.connectWithToken(`${server.origin}${path}`, await tokenOf('bob'));
      const { tools } = await client.listTools();
      await client.close();
      return tools.map(({ name }) => name);
    };
    expect(await namesAt('/mirror')).toContain('mirrored');
    expect(await namesAt('/mcp')).not.toContain('mirrored');
    mirror.removeTool('mirrored');
  });
});
