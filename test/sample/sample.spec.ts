import { type EmbeddedAuthentik, startEmbeddedAuthentik } from 'nestjs-authentik-testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { freePort } from '../harness/free-port.js';
import { mcpClients } from '../harness/mcp-clients.js';
import { SampleProcess } from './sample-process.js';

let authentik: EmbeddedAuthentik;
let sample: SampleProcess;
let origin: string;

beforeAll(async () => {
  authentik = await startEmbeddedAuthentik();
  const port = await freePort();
  origin = `http://localhost:${port}`;
  sample = SampleProcess.spawn({
    PORT: String(port),
    AUTHENTIK_URL: authentik.url,
    AUTHENTIK_APPLICATION_SLUG: 'mcp-server',
    AUTHENTIK_CLIENT_ID: 'mcp-server',
  });
  await sample.untilReady();
});
afterAll(async () => {
  await sample.stop();
  await authentik.stop();
});

describe('the REST API', () => {
  it.each([
    ['alice', { public: 200, me: 200, team: 200, admin: 403 }],
    ['bob', { public: 200, me: 200, team: 403, admin: 403 }],
    ['root', { public: 200, me: 200, team: 403, admin: 200 }],
    ['mallory', { public: 200, me: 200, team: 403, admin: 403 }],
    ['nobody', { public: 200, me: 401, team: 401, admin: 401 }],
  ])('answers %s as the groups say', async (username, expected) => {
    const headers: Record<string, string> = username === 'nobody' ? {} : await authentik.bearer(username);
    const statuses = Object.keys(expected).map(async (route) => {
      const response = await fetch(`${origin}/api/${route}`, { headers });
      await response.body?.cancel();
      return [route, response.status] as const;
    });
    expect(Object.fromEntries(await Promise.all(statuses))).toEqual(expected);
  });

  it('tells who one is, and no more than that', async () => {
    const response = await fetch(`${origin}/api/me`, { headers: await authentik.bearer('alice') });
    expect(await response.json()).toEqual({
      username: 'alice',
      name: 'Alice Archer',
      email: 'alice@example.test',
      groups: ['engineering', 'mcp-users'],
    });
  });
});

describe.each(mcpClients)('the MCP server, with $name', (kind) => {
  const connect = (username: string) =>
    kind.connect(`${origin}/mcp`, 'mcp-server', { username, password: authentik.password });

  it.each([
    { username: 'alice', tools: ['team-report'], resources: ['sample://handbook'], prompts: [] },
    { username: 'bob', tools: [], resources: [], prompts: [] },
    { username: 'root', tools: ['purge-records'], resources: [], prompts: ['audit'] },
  ])('shows $username, who signs in by code and PKCE, what the groups admit', async (person) => {
    const client = await connect(person.username);
    const { tools } = await client.listTools();
    const { resources } = await client.listResources();
    const { prompts } = await client.listPrompts();
    await client.close();
    const names = tools.map(({ name }) => name).toSorted();
    expect(names).toEqual(['server-time', 'whoami', ...person.tools].toSorted());
    expect(resources.map(({ uri }) => uri)).toEqual(person.resources);
    expect(prompts.map(({ name }) => name)).toEqual(person.prompts);
  });

  it('runs for alice what she sees, and knows nothing of the rest', async () => {
    const client = await connect('alice');
    const whoami = await client.callTool({ name: 'whoami' });
    const report = await client.callTool({ name: 'team-report', arguments: { week: 7 } });
    const handbook = await client.readResource({ uri: 'sample://handbook' });
    const purge = await client.callTool({ name: 'purge-records' }).catch((error: unknown) => error);
    const audit = await client.getPrompt({ name: 'audit' }).catch((error: unknown) => error);
    await client.close();
    expect(whoami).toMatchObject({ content: [{ text: expect.stringContaining('"username":"alice"') as unknown }] });
    expect(report).toMatchObject({ content: [{ text: expect.stringContaining('"for":"Alice Archer"') as unknown }] });
    expect(handbook).toMatchObject({ contents: [{ mimeType: 'text/markdown' }] });
    expect(purge).toMatchObject({ code: -32602 });
    expect(audit).toMatchObject({ code: -32602 });
  });

  it('runs for root what alice may not even know of', async () => {
    const client = await connect('root');
    const audit = await client.getPrompt({ name: 'audit' });
    const purge = await client.callTool({ name: 'purge-records' });
    const report = await client
      .callTool({ name: 'team-report', arguments: { week: 7 } })
      .catch((error: unknown) => error);
    await client.close();
    expect(audit).toMatchObject({ messages: [{ role: 'user' }] });
    expect(purge).toMatchObject({ content: [{ text: expect.stringContaining('"deleted":') as unknown }] });
    expect(report).toMatchObject({ code: -32602 });
  });
});

/** Lines that must be right to the letter, for they are copied. */
const connectLines = () => [
  `claude mcp add --transport http --client-id mcp-server authentik-sample ${origin}/mcp`,
  `{"servers":{"authentik-sample":{"type":"http","url":"${origin}/mcp","oauth":{"clientId":"mcp-server"}}}}`,
  `{"mcpServers":{"authentik-sample":{"url":"${origin}/mcp","auth":{"CLIENT_ID":"mcp-server"}}}}`,
  `npx @modelcontextprotocol/inspector --tui --transport http --server-url ${origin}/mcp --client-id mcp-server`,
];

describe('what a newcomer sees', () => {
  it('is told in the terminal where everything is and how clients connect', () => {
    const lines = sample.output.split('\n').map((line) => line.trim());
    expect(lines).toEqual(expect.arrayContaining(connectLines()));
    expect(sample.output).toContain(`${origin}/mcp`);
    expect(sample.output).toContain(authentik.issuer());
  });

  it('finds the same on the start page, which needs no script', async () => {
    const response = await fetch(`${origin}/`);
    const html = await response.text();
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(response.headers.get('content-security-policy')).toContain("default-src 'self'");
    const text = html
      .replaceAll(/<[^>]*>/gu, '\n')
      .replaceAll('&quot;', '"')
      .replaceAll('&#x3D;', '=');
    for (const line of [...connectLines(), `${origin}/mcp`, 'mcp-server', authentik.issuer()]) {
      expect(text.split('\n')).toContain(line);
    }
    for (const name of ['server-time', 'whoami', 'team-report', 'purge-records', 'engineering', 'authentik Admins']) {
      expect(text).toContain(name);
    }
    expect(html).not.toContain('<script');
  });

  it('can follow every link of the start page', async () => {
    const html = await (await fetch(`${origin}/`)).text();
    const links = [...html.matchAll(/<a href="([^"]+)"/gu)].map(([, link = '']) => link);
    expect(links).not.toEqual([]);
    for (const link of links) {
      const response = await fetch(new URL(link, origin));
      await response.body?.cancel();
      expect([link, response.status]).toEqual([link, 200]);
    }
  });

  it('gets headers that protect on every answer', async () => {
    for (const path of ['/', '/api/me', '/mcp', '/nowhere']) {
      const response = await fetch(origin + path);
      await response.body?.cancel();
      expect(response.headers.get('x-content-type-options')).toBe('nosniff');
      expect(response.headers.get('x-powered-by')).toBeNull();
    }
  });
});

describe('a client id that is full of markup', () => {
  const clientId = `<img/src=x/onerror="alert(1)">&'$(reboot)'`;
  let other: SampleProcess;
  let html: string;

  beforeAll(async () => {
    const port = await freePort();
    other = SampleProcess.spawn({
      PORT: String(port),
      AUTHENTIK_URL: authentik.url,
      AUTHENTIK_APPLICATION_SLUG: 'mcp-server',
      AUTHENTIK_CLIENT_ID: clientId,
    });
    await other.untilReady();
    html = await (await fetch(`http://localhost:${port}/`)).text();
  });
  afterAll(() => other.stop());

  it('is text on the start page', () => {
    expect(html).not.toContain('<img');
    expect(html).toContain(
      '<code>&lt;img/src&#x3D;x/onerror&#x3D;&quot;alert(1)&quot;&gt;&amp;&#x27;$(reboot)&#x27;</code>',
    );
  });

  it('is one word to a shell', () => {
    const word = String.raw`--client-id '<img/src=x/onerror="alert(1)">&'\''$(reboot)'\''' `;
    expect(other.output).toContain(`claude mcp add --transport http ${word}authentik-sample http://`);
  });
});
