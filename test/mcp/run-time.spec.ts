import { type EmbeddedAuthentik, startEmbeddedAuthentik } from 'nestjs-authentik-testing';
import type { McpCapabilities } from 'nestjs-authentik/mcp';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { mcpClients } from '../harness/mcp-clients.js';
import { ran, type StartedApp, startMcpApp } from './app.js';

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
  capabilities.registerTool(tool('late-open'), {});
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

describe('registering at run time', () => {
  it('takes no rule that names nobody, and no name that is taken', () => {
    expect(() => capabilities.registerTool(definition('x'), { allowedGroups: [] })).toThrow(
      'allowedGroups needs names',
    );
    expect(() => capabilities.registerTool(definition('x'), { requiredScopes: [''] })).toThrow(TypeError);
    expect(() => capabilities.registerTool(definition('late-open'), {})).toThrow('already');
    expect(() => capabilities.registerTool(definition('anyone'), {})).toThrow('already');
  });

  it('can be undone, and does not undo what a controller declares', async () => {
    capabilities.registerTool(definition('brief'), {});
    capabilities.removeTool('brief');
    capabilities.removeTool('anyone');
    const [kind] = mcpClients;
    const client = await kind?.connectWithToken(server.url, await authentik.mintAccessToken({ user: 'bob' }));
    const names = (await client?.listTools())?.tools.map(({ name }) => name);
    expect(names).toContain('anyone');
    expect(names).not.toContain('brief');
    await client?.close();
    capabilities.registerTool(definition('brief'), {});
    capabilities.removeTool('brief');
  });
});
