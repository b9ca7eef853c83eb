import { type EmbeddedAuthentik, startEmbeddedAuthentik } from 'nestjs-authentik-testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { mcpClients } from '../harness/mcp-clients.js';
import { ran, type StartedApp, startMcpApp } from './app.js';

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
beforeEach(() => {
  ran.length = 0;
});

/** What each of them may see, written once; every client must come to the same. */
const people = [
  {
    username: 'alice',
    tools: ['anyone', 'lifted', 'replaced', 'team-report'],
    prompts: ['retrospective'],
    resources: ['notes://engineering'],
    templates: [],
  },
  { username: 'bob', tools: ['anyone', 'lifted'], prompts: [], resources: [], templates: [] },
  {
    username: 'root',
    tools: ['anyone', 'filtered', 'lifted', 'purge-records'],
    prompts: [],
    resources: ['vault://admins'],
    templates: ['person://people/{id}'],
  },
  { username: 'mallory', tools: ['anyone', 'lifted'], prompts: [], resources: [], templates: [] },
] as const;

describe.each(mcpClients)('$name', (kind) => {
  it.each(people)(
    'signs $username in by code and PKCE with the URL alone, and lists what the groups admit',
    async (person) => {
      const credentials = { username: person.username, password: authentik.password };
      const client = await kind.connect(server.url, 'mcp-server', credentials);
      const { tools } = await client.listTools();
      const { prompts } = await client.listPrompts();
      const { resources } = await client.listResources();
      const { resourceTemplates } = await client.listResourceTemplates();
      await client.close();
      expect(tools.map(({ name }) => name).toSorted()).toEqual(person.tools);
      expect(prompts.map(({ name }) => name)).toEqual(person.prompts);
      expect(resources.map(({ uri }) => uri)).toEqual(person.resources);
      expect(resourceTemplates.map(({ uriTemplate }) => uriTemplate)).toEqual(person.templates);
    },
  );

  it('runs a tool for who may, with its arguments and the user', async () => {
    const client = await kind.connectWithToken(server.url, await tokenOf('alice'));
    const result = await client.callTool({ name: 'anyone', arguments: { note: 'hi' } });
    await client.close();
    expect(result).toMatchObject({
      content: [{ text: JSON.stringify({ decorated: 'alice', fromContext: 'alice', note: 'hi' }) }],
    });
    expect(ran).toEqual(['anyone']);
  });

  it.each([
    ['a tool', 'purge-records', 'root', (name: string) => ['callTool', { name }] as const],
    ['a tool behind a filter', 'filtered', 'root', (name: string) => ['callTool', { name }] as const],
    ['a tool of the other group', 'team-report', 'alice', (name: string) => ['callTool', { name }] as const],
    ['a prompt', 'retrospective', 'alice', (name: string) => ['getPrompt', { name }] as const],
    ['a resource', 'notes://engineering', 'alice', (uri: string) => ['readResource', { uri }] as const],
    ['a resource behind a filter', 'vault://admins', 'root', (uri: string) => ['readResource', { uri }] as const],
    ['a template', 'person://people/1', 'root', (uri: string) => ['readResource', { uri }] as const],
  ])('answers %s that is hidden as one that does not exist', async (_what, name, mayUse, use) => {
    const attempt = async (username: string, asked: string) => {
      const client = await kind.connectWithToken(server.url, await tokenOf(username));
      const [verb, parameters] = use(asked);
      const outcome = await client[verb](parameters as never).then(
        (result: unknown) => ({ result }),
        (error: { code?: unknown; message: string; data?: unknown }) => ({
          code: error.code,
          message: error.message.replaceAll(asked, '…'),
          data: error.data,
        }),
      );
      await client.close();
      return outcome;
    };
    const hidden = await attempt('bob', name);
    expect(hidden).toEqual(await attempt('bob', name.replace(/\w+$/u, 'nonexistent')));
    expect(hidden).toMatchObject({ code: -32602 });
    expect(ran).toEqual([]);
    // The neighbour: the same request of someone who may.
    expect(await attempt(mayUse, name)).toHaveProperty('result');
    expect(ran).toHaveLength(1);
  });
});

async function tokenOf(username: string): Promise<string> {
  return (await authentik.bearer(username)).authorization.replace('Bearer ', '');
}
