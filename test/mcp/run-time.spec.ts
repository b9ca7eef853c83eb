import { RpcException } from '@nestjs/microservices';
import { type EmbeddedAuthentik, startEmbeddedAuthentik } from 'nestjs-authentik-testing';
import type { CapabilityRule, McpCapabilities } from 'nestjs-authentik/mcp';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { mcpClients } from '../harness/mcp-clients.js';
import { ran, type StartedApp, startMcpApp } from './app.js';
import { legacyPost, wireHeaders } from './wire.js';

let authentik: EmbeddedAuthentik;
let server: StartedApp;
let capabilities: McpCapabilities;

const text = (name: string) => () => {
  ran.push(name);
  return Promise.resolve({ content: [{ type: 'text' as const, text: name }] });
};
const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error: { code?: unknown; message: string }) => ({ code: error.code, message: error.message }),
  );

const definition = (name: string) => ({ name, description: '', handler: () => Promise.resolve({ content: [] }) });

const tool = (name: string) => ({ name, description: 'Registered at run time', handler: text(name) });
beforeAll(async () => {
  authentik = await startEmbeddedAuthentik({
    applications: [{ slug: 'mcp-server', scopeMappings: { 'reports:read': {} } }],
  });
  server = await startMcpApp(authentik);
  ({ capabilities } = server);
  capabilities.registerTool(tool('late-open'), { authenticated: true });
  capabilities.registerTool(tool('late-team'), { allowedGroups: ['engineering'] });
  capabilities.registerTool(tool('late-scoped'), { requiredScopes: ['reports:read'] });
  capabilities.registerResource(
    {
      uri: 'late://team',
      name: 'late',
      description: 'Registered at run time',
      handler: () => {
        ran.push('late://team');
        return Promise.resolve({ contents: [{ uri: 'late://team', text: 'classified' }] });
      },
    },
    { allowedGroups: ['engineering'] },
  );
  capabilities.registerPrompt(
    {
      name: 'late-prompt',
      description: 'Registered at run time',
      handler: () => {
        ran.push('late-prompt');
        return Promise.resolve({ messages: [] });
      },
    },
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

const scopes = ['openid', 'profile'];
const connectAs = async (user: string) =>
  mcpClients[0].connectWithToken(server.url, await authentik.mintAccessToken({ user }));

describe.each(mcpClients)('what is registered at run time, $name', (kind) => {
  const connect = async (user: string, more: readonly string[] = []) =>
    kind.connectWithToken(server.url, await authentik.mintAccessToken({ user, scopes: [...scopes, ...more] }));
  it('is listed for whom its rule admits', async () => {
    const alice = await connect('alice');
    const bob = await connect('bob');
    const late = async (client: typeof alice) =>
      [
        ...(await client.listTools()).tools.map(({ name }) => name),
        ...(await client.listResources()).resources.map(({ uri }) => uri),
        ...(await client.listPrompts()).prompts.map(({ name }) => name),
      ].filter((name) => name.startsWith('late'));
    expect(await late(alice)).toEqual(['late-open', 'late-team', 'late-scoped', 'late://team']);
    expect(await late(bob)).toEqual(['late-open', 'late-scoped', 'late-prompt']);
    await alice.close();
    await bob.close();
  });

  it('is used by whom its rule admits, and unknown to all others', async () => {
    const alice = await connect('alice');
    const bob = await connect('bob');
    await alice.callTool({ name: 'late-team', arguments: {} });
    await alice.readResource({ uri: 'late://team' });
    await bob.getPrompt({ name: 'late-prompt' });
    expect(ran).toEqual(['late-team', 'late://team', 'late-prompt']);
    ran.length = 0;
    const unknown = await failure(bob.callTool({ name: 'late-none', arguments: {} }));
    const hidden = await failure(bob.callTool({ name: 'late-team', arguments: {} }));
    expect({ ...hidden, message: hidden?.message.replace('late-team', 'late-none') }).toEqual(unknown);
    expect(await failure(bob.readResource({ uri: 'late://team' }))).toMatchObject({ code: -32602 });
    // mcp-nest takes a resource by its path alone; the rule holds all the same.
    expect(await failure(bob.readResource({ uri: 'other://team' }))).toMatchObject({ code: -32602 });
    expect(await failure(alice.getPrompt({ name: 'late-prompt' }))).toMatchObject({ code: -32602 });
    expect(ran).toEqual([]);
    await alice.close();
    await bob.close();
  });

  it('asks for its scopes', async () => {
    const narrow = await connect('bob');
    await expect(narrow.callTool({ name: 'late-scoped', arguments: {} })).rejects.toThrow();
    expect(ran).toEqual([]);
    await narrow.close();
    const wide = await connect('bob', ['reports:read']);
    await wide.callTool({ name: 'late-scoped', arguments: {} });
    expect(ran).toEqual(['late-scoped']);
    await wide.close();
  });
});

function breaks(): never {
  throw new Error('password of the database: hunter2');
}
function explains(): never {
  throw new RpcException('Ask again tomorrow');
}

describe('registering at run time', () => {
  it('takes no rule that names nobody, and no name that is taken', () => {
    expect(() => capabilities.registerTool(definition('x'), { allowedGroups: [] })).toThrow(
      'allowedGroups needs names',
    );
    expect(() => capabilities.registerTool(definition('x'), { requiredScopes: [''] })).toThrow(TypeError);
    expect(() => capabilities.registerTool(definition('x'), {})).toThrow('{ authenticated: true }');
    const misspelt = { allowedGroup: ['engineering'] } as CapabilityRule;
    expect(() => capabilities.registerTool(definition('x'), misspelt)).toThrow('no "allowedGroup"');
    const never = { authenticated: false } as unknown as CapabilityRule;
    expect(() => capabilities.registerTool(definition('x'), never)).toThrow('can only be true');
    expect(() => capabilities.registerTool(definition('late-open'), { authenticated: true })).toThrow('already');
    expect(() => capabilities.registerTool(definition('anyone'), { authenticated: true })).toThrow('already');
  });

  it('can be undone, and does not undo what a controller declares', async () => {
    capabilities.registerTool(definition('brief'), { authenticated: true });
    capabilities.removeTool('brief');
    capabilities.removeTool('anyone');
    const [kind] = mcpClients;
    const client = await kind?.connectWithToken(server.url, await authentik.mintAccessToken({ user: 'bob' }));
    const names = (await client?.listTools())?.tools.map(({ name }) => name);
    expect(names).toContain('anyone');
    expect(names).not.toContain('brief');
    await client?.close();
    capabilities.registerTool(definition('brief'), { authenticated: true });
    capabilities.removeTool('brief');
  });

  it('keeps no rule of what could not be registered', () => {
    const parameters = { type: 'object', properties: { a: { type: 'string', 'x-mcp-header': 'A' } } };
    expect(() => capabilities.registerTool({ ...definition('odd'), parameters }, { authenticated: true })).toThrow(
      'x-mcp-header',
    );
    capabilities.registerTool(definition('odd'), { authenticated: true });
    capabilities.removeTool('odd');
  });

  it('holds the rule that was given, whatever becomes of the list', async () => {
    const allowedGroups = ['authentik Admins'];
    capabilities.registerTool(tool('copied'), { allowedGroups });
    allowedGroups.push('engineering');
    const alice = await connectAs('alice');
    expect(await failure(alice.callTool({ name: 'copied', arguments: {} }))).toMatchObject({ code: -32602 });
    expect(ran).toEqual([]);
    await alice.close();
    capabilities.removeTool('copied');
  });

  it('tells of a failure no more than the handlers of controllers do', async () => {
    capabilities.registerTool({ ...definition('breaks'), handler: breaks }, { authenticated: true });
    capabilities.registerTool({ ...definition('explains'), handler: explains }, { authenticated: true });
    const alice = await connectAs('alice');
    expect(await alice.callTool({ name: 'breaks', arguments: {} })).toMatchObject({
      isError: true,
      content: [{ text: 'Internal server error' }],
    });
    expect(await alice.callTool({ name: 'explains', arguments: {} })).toMatchObject({
      isError: true,
      content: [{ text: 'Ask again tomorrow' }],
    });
    await alice.close();
    capabilities.removeTool('breaks');
    capabilities.removeTool('explains');
  });
});

describe('registering before the app has started', () => {
  it('works as after it', async () => {
    const app = await startMcpApp(authentik, {
      configureMcp: (early) => {
        early.registerTool(tool('early'), { allowedGroups: ['engineering'] });
        early.registerTool(tool('regretted'), { authenticated: true });
        early.removeTool('regretted');
        expect(() => early.registerTool(tool('early'), { authenticated: true })).toThrow('already');
      },
    });
    const [kind] = mcpClients;
    const names = async (user: string) => {
      const client = await kind.connectWithToken(app.url, await authentik.mintAccessToken({ user }));
      const { tools } = await client.listTools();
      await client.close();
      return tools.map(({ name }) => name).filter((name) => ['early', 'regretted'].includes(name));
    };
    expect(await names('alice')).toEqual(['early']);
    expect(await names('bob')).toEqual([]);
    await app.app.close();
  });

  it('stops the start when the name is taken by a controller', async () => {
    const started = startMcpApp(authentik, {
      configureMcp: (early) => early.registerTool(tool('anyone'), { authenticated: true }),
    });
    await expect(started).rejects.toThrow('There is a tool anyone already.');
  });
});

describe('the first prompt of an endpoint', () => {
  it('ends the sessions that were told there are none, for a client to begin anew', async () => {
    const app = await startMcpApp(authentik, { bare: true, mcp: { sessions: {} } });
    const bob = await authentik.bearer('bob');
    const send = (body: object, more: Record<string, string> = {}) =>
      fetch(app.url, { method: 'POST', headers: { ...wireHeaders, ...bob, ...more }, body: JSON.stringify(body) });
    const begin = async () => {
      const { body } = legacyPost('initialize', {
        protocolVersion: '2025-11-25',
        capabilities: {},
        clientInfo: { name: 'test', version: '1' },
      });
      const response = await send(body);
      await response.text();
      return { 'mcp-session-id': response.headers.get('mcp-session-id') ?? '' };
    };
    const before = await begin();
    const prompt = { name: 'first', description: '', handler: () => Promise.resolve({ messages: [] }) };
    app.capabilities.registerPrompt(prompt, { authenticated: true });
    expect((await send(legacyPost('prompts/list').body, before)).status).toBe(404);
    const answer = await send(legacyPost('prompts/list').body, await begin());
    expect(await answer.text()).toContain('"name":"first"');
    await app.app.close();
  });
});
