import { McpController, Prompt, Resource, ResourceTemplate, Tool } from '@rekog/mcp-nest';
import { ProhibitedGroups, RequiredScopes } from 'nestjs-authentik';
import { type EmbeddedAuthentik, startEmbeddedAuthentik } from 'nestjs-authentik-testing';
import request from 'supertest';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { mcpClients } from '../harness/mcp-clients.js';
import { ran, type StartedApp, startMcpApp } from './app.js';
import { legacyPost, modernPost, wireHeaders } from './wire.js';

const late = () => {
  ran.push('late');
  return Promise.resolve(text('late'));
};
const nameOf = (parameters: object) => {
  const { name, uri } = parameters as { name?: string; uri?: string };
  return name ?? uri ?? '';
};
const text = (value: string) => ({ content: [{ type: 'text' as const, text: value }] });

@McpController()
@ProhibitedGroups('engineering')
class StaffTools {
  @Tool({ name: 'staff', description: 'For all but engineering' })
  staff() {
    ran.push('staff');
    return text('staff');
  }

  @Tool({ name: 'scoped', description: 'For all but engineering, with a scope' })
  @RequiredScopes('reports:read')
  scoped() {
    ran.push('scoped');
    return text('scoped');
  }

  @Prompt({ name: 'staff-prompt', description: 'For all but engineering' })
  prompt() {
    ran.push('staff-prompt');
    return { messages: [] };
  }

  @Resource({ uri: 'staff://list', name: 'list' })
  list() {
    ran.push('staff://list');
    return { contents: [{ uri: 'staff://list', text: 'classified' }] };
  }

  @ResourceTemplate({ uriTemplate: 'staff://people/{id}', name: 'people' })
  people() {
    ran.push('staff://people');
    return { contents: [{ uri: 'staff://people/1', text: 'classified' }] };
  }
}

/** Without a guard at the class: that of the lower decorator, of scopes, runs first. */
@McpController()
class ScopedReports {
  @Resource({ uri: 'staff://scoped', name: 'scoped' })
  @ProhibitedGroups('engineering')
  @RequiredScopes('reports:read')
  scopedResource() {
    ran.push('staff://scoped');
    return { contents: [{ uri: 'staff://scoped', text: 'classified' }] };
  }
}

let authentik: EmbeddedAuthentik;
let server: StartedApp;
beforeAll(async () => {
  authentik = await startEmbeddedAuthentik({
    applications: [{ slug: 'mcp-server', scopeMappings: { 'reports:read': {} } }],
  });
  server = await startMcpApp(authentik, { bare: true, controllers: [StaffTools, ScopedReports] });
  server.capabilities.registerTool(
    { name: 'late', description: 'Registered at run time', handler: late },
    { prohibitedGroups: ['engineering'] },
  );
});
afterAll(async () => {
  await server.app.close();
  await authentik.stop();
});
beforeEach(() => {
  ran.length = 0;
});

const tokens = {
  /** In a prohibited group. */
  alice: () => authentik.mintAccessToken({ user: 'alice' }),
  /** In a prohibited group, with a token that lacks a scope besides. */
  narrowAlice: () => authentik.mintAccessToken({ user: 'alice', scopes: ['openid', 'profile'] }),
  /** In a prohibited group, with a token that does not tell. */
  silentAlice: () => authentik.mintAccessToken({ user: 'alice', scopes: ['openid'] }),
  /** In no such group, with a token that does not tell. */
  silentBob: () => authentik.mintAccessToken({ user: 'bob', scopes: ['openid'] }),
  /** In no such group, with a claim that says nothing. */
  garbledBob: () => authentik.mintAccessToken({ user: 'bob', claims: { groups: [1] } }),
};
const bob = () => authentik.mintAccessToken({ user: 'bob' });

describe.each(mcpClients)('what a group is kept out of, $name', (kind) => {
  const listed = async (token: string) => {
    const client = await kind.connectWithToken(server.url, token);
    const { tools } = await client.listTools();
    const { prompts } = await client.listPrompts();
    const { resources } = await client.listResources();
    const { resourceTemplates } = await client.listResourceTemplates();
    await client.close();
    return [
      ...tools.map(({ name }) => name),
      ...prompts.map(({ name }) => name),
      ...resources.map(({ uri }) => uri),
      ...resourceTemplates.map(({ uriTemplate }) => uriTemplate),
    ].toSorted();
  };

  it('is listed for whom the token shows to be in none of those groups', async () => {
    expect(await listed(await bob())).toEqual([
      'late',
      'scoped',
      'staff',
      'staff-prompt',
      'staff://list',
      'staff://people/{id}',
      'staff://scoped',
    ]);
  });

  it.each(Object.entries(tokens))('is hidden from %s', async (_who, tokenOf) => {
    expect(await listed(await tokenOf())).toEqual([]);
  });
});

describe.each([
  ['2025-11-25', legacyPost],
  ['2026-07-28', modernPost],
] as const)('using what a group is kept out of, protocol %s', (_era, post) => {
  const ask = async (token: string, method: string, parameters: object) => {
    const { headers, body } = post(method, parameters);
    return request(server.origin)
      .post('/mcp')
      .set({ ...wireHeaders, ...headers, authorization: `Bearer ${token}` })
      .send(body);
  };

  it.each([
    ['a tool', 'tools/call', { name: 'staff', arguments: {} }, { name: 'other', arguments: {} }],
    ['a tool of run time', 'tools/call', { name: 'late', arguments: {} }, { name: 'other', arguments: {} }],
    ['a tool for a scope', 'tools/call', { name: 'scoped', arguments: {} }, { name: 'other', arguments: {} }],
    ['a resource for a scope', 'resources/read', { uri: 'staff://scoped' }, { uri: 'other://1/2/3' }],
    ['a prompt', 'prompts/get', { name: 'staff-prompt' }, { name: 'other' }],
    ['a resource', 'resources/read', { uri: 'staff://list' }, { uri: 'other://1/2/3' }],
    ['a resource of a template', 'resources/read', { uri: 'staff://people/1' }, { uri: 'other://1/2/3' }],
  ])('gets the answer of an unknown name while the groups are not known: %s', async (_what, method, own, other) => {
    for (const [who, tokenOf] of Object.entries(tokens)) {
      const token = await tokenOf();
      const hidden = await ask(token, method, own);
      const unknown = await ask(token, method, other);
      expect([hidden.status, hidden.headers['www-authenticate']], who).toEqual([200, undefined]);
      expect(hidden.text.replaceAll(nameOf(own), nameOf(other)), who).toBe(unknown.text);
    }
    expect(ran).toEqual([]);
    expect((await ask(await bob(), method, own)).text).toContain('"result"');
    expect(ran).toHaveLength(1);
  });
});
