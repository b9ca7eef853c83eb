import { extractWWWAuthenticateParams } from '@modelcontextprotocol/client';
import { McpController, Prompt, Resource, ResourceTemplate, Tool } from '@rekog/mcp-nest';
import { AllowedGroups, OptionalAuth, Public, RequiredScopes } from 'nestjs-authentik';
import { type EmbeddedAuthentik, startEmbeddedAuthentik } from 'nestjs-authentik-testing';
import request from 'supertest';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { mcpClients } from '../harness/mcp-clients.js';
import { ran, type StartedApp, startMcpApp } from './app.js';
import { legacyPost, modernPost, wireHeaders } from './wire.js';

const text = (value: string) => ({ content: [{ type: 'text' as const, text: value }] });

@McpController()
class ScopedTools {
  @Tool({ name: 'read-reports', description: 'For tokens that may read reports' })
  @RequiredScopes('reports:read')
  readReports() {
    ran.push('read-reports');
    return text('reports');
  }

  @Tool({ name: 'write-reports', description: 'For engineers with such a token' })
  @AllowedGroups('engineering')
  @RequiredScopes('reports:read', 'reports:write')
  writeReports() {
    ran.push('write-reports');
    return text('written');
  }

  @Tool({ name: 'optional', description: 'For any token of the endpoint' })
  @OptionalAuth()
  optional() {
    ran.push('optional');
    return text('optional');
  }

  @Tool({ name: 'public', description: 'For any token of the endpoint' })
  @Public()
  public() {
    ran.push('public');
    return text('public');
  }

  @Prompt({ name: 'summary', description: 'For tokens that may read reports' })
  @RequiredScopes('reports:read')
  summary() {
    ran.push('summary');
    return { messages: [{ role: 'user' as const, content: { type: 'text' as const, text: 'Sum up.' } }] };
  }

  @Resource({ uri: 'reports://latest', name: 'latest' })
  @RequiredScopes('reports:read')
  latest() {
    ran.push('latest');
    return { contents: [{ uri: 'reports://latest', text: 'classified' }] };
  }

  @ResourceTemplate({ uriTemplate: 'weeks://weeks/{week}', name: 'week' })
  @RequiredScopes('reports:read')
  week() {
    ran.push('week');
    return { contents: [{ uri: 'weeks://weeks/1', text: 'classified' }] };
  }

  @ResourceTemplate({ uriTemplate: 'files://files/{path*}', name: 'file' })
  @RequiredScopes('reports:read')
  file() {
    ran.push('file');
    return { contents: [{ uri: 'files://files/1', text: 'classified' }] };
  }

  @ResourceTemplate({ uriTemplate: 'search://search/{year}{?words,page}', name: 'search' })
  @RequiredScopes('reports:read')
  search() {
    ran.push('search');
    return { contents: [{ uri: 'search://search/1', text: 'classified' }] };
  }
}

let authentik: EmbeddedAuthentik;
let server: StartedApp;

beforeAll(async () => {
  authentik = await startEmbeddedAuthentik({
    applications: [{ slug: 'mcp-server', scopeMappings: { 'reports:read': {}, 'reports:write': {} } }],
  });
  server = await startMcpApp(authentik, { controllers: [ScopedTools] });
});
afterAll(async () => {
  await server.app.close();
  await authentik.stop();
});
beforeEach(() => {
  ran.length = 0;
});

const narrow = ['openid', 'profile'];
const wide = [...narrow, 'reports:read'];
const tokenOf = (user: string, scopes: readonly string[]) => authentik.mintAccessToken({ user, scopes });

describe.each([
  ['2025-11-25', legacyPost],
  ['2026-07-28', modernPost],
] as const)('a token that lacks a scope, protocol %s', (_era, post) => {
  const ask = async (token: string, method: string, parameters: object) => {
    const { headers, body } = post(method, parameters);
    return request(server.origin)
      .post('/mcp')
      .set({ ...wireHeaders, ...headers, authorization: `Bearer ${token}` })
      .send(body);
  };

  it.each([
    ['a tool', 'tools/call', { name: 'read-reports', arguments: {} }, 'read-reports'],
    ['a prompt', 'prompts/get', { name: 'summary' }, 'summary'],
    ['a resource', 'resources/read', { uri: 'reports://latest' }, 'latest'],
    ['a resource by another scheme', 'resources/read', { uri: 'other://LATEST/' }, 'latest'],
    ['a resource of a template', 'resources/read', { uri: 'weeks://weeks/7' }, 'week'],
    ['a resource of a template, encoded', 'resources/read', { uri: 'weeks://weeks/%C3%A9%2F7' }, 'week'],
    ['a resource of a template, with a query', 'resources/read', { uri: 'weeks://weeks/7?days=2' }, 'week'],
    ['a resource of a template with a path', 'resources/read', { uri: 'files://files/2026/week-7.pdf' }, 'file'],
    ['a resource of a template with a query', 'resources/read', { uri: 'search://search/2026?page=2' }, 'search'],
    ['a resource of a template without its query', 'resources/read', { uri: 'search://search/2026' }, 'search'],
  ])('is 403 for %s, with every scope to ask for, before anything runs', async (_what, method, parameters, handler) => {
    const refused = await ask(await tokenOf('bob', narrow), method, parameters);
    expect(refused.status).toBe(403);
    expect(refused.headers['www-authenticate']).toBe(
      `Bearer error="insufficient_scope", scope="openid profile reports:read", ` +
        `resource_metadata="${server.origin}/.well-known/oauth-protected-resource/mcp", ` +
        `error_description="The access token lacks a scope"`,
    );
    expect(refused.headers['cache-control']).toBe('no-store');
    expect(
      extractWWWAuthenticateParams(new Response(null, { headers: refused.headers as Record<string, string> })),
    ).toMatchObject({ error: 'insufficient_scope', scope: 'openid profile reports:read' });
    expect(ran).toEqual([]);
    expect((await ask(await tokenOf('bob', wide), method, parameters)).status).toBe(200);
    expect(ran).toEqual([handler]);
  });

  it('is told of all that are missing at once', async () => {
    const refused = await ask(await tokenOf('alice', narrow), 'tools/call', { name: 'write-reports', arguments: {} });
    expect(refused.headers['www-authenticate']).toContain('scope="openid profile reports:read reports:write"');
  });

  it('tells nothing of a tool that the groups hide', async () => {
    const hidden = await ask(await tokenOf('bob', narrow), 'tools/call', { name: 'write-reports', arguments: {} });
    const unknown = await ask(await tokenOf('bob', narrow), 'tools/call', { name: 'other-reports', arguments: {} });
    expect(hidden.status).toBe(200);
    expect(hidden.text.replaceAll('write-reports', 'other-reports')).toBe(unknown.text);
    expect(ran).toEqual([]);
  });

  it.each(['optional', 'public'])('may use what asks for no scope: %s', async (name) => {
    expect((await ask(await tokenOf('bob', narrow), 'tools/call', { name, arguments: {} })).status).toBe(200);
    expect(ran).toEqual([name]);
  });
});

describe.each(mcpClients)('$name', (kind) => {
  it('keeps the tool in its list, fails with the scope to ask for, and works with it', async () => {
    const client = await kind.connectWithToken(server.url, await tokenOf('bob', narrow));
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).toContain('read-reports');
    expect(tools.map(({ name }) => name)).not.toContain('write-reports');
    await expect(client.callTool({ name: 'read-reports', arguments: {} })).rejects.toThrow();
    expect(ran).toEqual([]);
    await client.close();
    const wider = await kind.connectWithToken(server.url, await tokenOf('bob', wide));
    expect(await wider.callTool({ name: 'read-reports', arguments: {} })).toMatchObject({
      content: [{ text: 'reports' }],
    });
    await wider.close();
  });

  it('steps up by itself: asks for the scope, signs in again, and goes on with the wider token', async () => {
    const credentials = { username: 'alice', password: authentik.password };
    const client = await kind.connect(server.url, 'mcp-server', credentials);
    expect(client.signIns).toBe(1);
    const call = (name: string) => client.callSteppingUp({ name, arguments: {} });
    expect(await call('write-reports')).toMatchObject({ content: [{ text: 'written' }] });
    expect(client.signIns).toBe(2);
    // It was told of all scopes at once, and lost none that it had: the groups come with one of them.
    expect(await call('read-reports')).toMatchObject({ content: [{ text: 'reports' }] });
    expect(await call('team-report')).toMatchObject({ content: [{ type: 'text' }] });
    expect(client.signIns).toBe(2);
    expect(ran).toEqual(['write-reports', 'read-reports', 'team-report']);
    await client.close();
  });

  it('is not sent to sign in again for what its groups hide', async () => {
    const client = await kind.connect(server.url, 'mcp-server', { username: 'bob', password: authentik.password });
    await expect(client.callSteppingUp({ name: 'write-reports', arguments: {} })).rejects.toMatchObject({
      code: -32602,
    });
    expect(client.signIns).toBe(1);
    expect(ran).toEqual([]);
    await client.close();
  });
});
