import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Agent, createServer, get, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';

import { startEmbeddedAuthentik } from 'nestjs-authentik-testing';
import { afterEach, describe, expect, it, vi } from 'vitest';

import { freePort } from '../harness/free-port.js';
import { mcpClients } from '../harness/mcp-clients.js';
import { SampleProcess } from './sample-process.js';

const run = promisify(execFile);

const environment = {
  AUTHENTIK_URL: 'http://localhost:9',
  AUTHENTIK_APPLICATION_SLUG: 'mcp-server',
  AUTHENTIK_CLIENT_ID: 'mcp-server',
  // Without one a start warns.
  AUTHENTIK_SESSION_SECRET: 'a secret of more than 32 characters',
};

/** Asks for a stream of notifications, which the server keeps open. */
const listen = {
  jsonrpc: '2.0',
  id: 1,
  method: 'subscriptions/listen',
  params: {
    notifications: { toolsListChanged: true },
    _meta: {
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientCapabilities': {},
      'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
    },
  },
};

describe('a start that cannot be', () => {
  let occupant: Server | undefined;
  afterEach(() => occupant?.close());

  it.each(['::', '127.0.0.1'])('names a port that is taken on %s, and PORT', async (host) => {
    occupant = createServer().listen(0, host);
    await once(occupant, 'listening');
    const { port } = occupant.address() as AddressInfo;
    const { code, stdout, stderr } = await SampleProcess.spawn({ ...environment, PORT: String(port) }).ended;
    expect(code).toBe(1);
    expect(stderr).toBe(
      `Port ${port} is taken, so the sample cannot listen there. Stop the program that has it, or set PORT to a free one.\n`,
    );
    expect(stdout).toBe('');
  });

  it.each(['abc', '0', '70000'])('names PORT=%s, which is no port', async (port) => {
    const { code, stdout, stderr } = await SampleProcess.spawn({ ...environment, PORT: port }).ended;
    expect(code).toBe(1);
    expect(stderr).toBe(`PORT is "${port}", which is no port. Set it to a number from 1 to 65535.\n`);
    expect(stdout).toBe('');
  });

  it('names every mistake of the configuration, without a stack', async () => {
    const port = String(await freePort());
    const { code, stdout, stderr } = await SampleProcess.spawn({ PORT: port, AUTHENTIK_URL: 'auth.example.com' }).ended;
    expect(code).toBe(1);
    const [heading, ...mistakes] = stderr.trimEnd().split('\n');
    expect(heading).toBe('The Authentik configuration has 3 mistakes:');
    expect(mistakes.map((line) => /^ {2}- (\w+): /u.exec(line)?.[1])).toEqual(['url', 'applicationSlug', 'clientId']);
    expect(stdout).toBe('');
  });
});

describe('a start that can be', () => {
  it('needs no Authentik that is up', async () => {
    const port = await freePort();
    const sample = SampleProcess.spawn({ ...environment, PORT: String(port) });
    await sample.untilReady();
    const anybody = await fetch(`http://localhost:${port}/api/public`);
    await sample.stop();
    expect(anybody.status).toBe(200);
  });

  it('says on its start page how it stands with Authentik, from the start on', async () => {
    const authentik = await startEmbeddedAuthentik();
    const { authorization } = await authentik.bearer('alice');
    await authentik.fault('error500');
    const port = await freePort();
    const sample = SampleProcess.spawn({ ...environment, PORT: String(port), AUTHENTIK_URL: authentik.url });
    await sample.untilReady();
    const standing = async () =>
      /<dt>Standing<\/dt><dd>([^<]*)/u.exec(await (await fetch(`http://localhost:${port}/`)).text())?.[1];
    await vi.waitFor(async () => expect(await standing()).toMatch(/^down since /u), { timeout: 10_000 });
    const refused = await fetch(`http://localhost:${port}/api/me`, { headers: { authorization } });
    expect(refused.status).toBe(503);
    expect(await standing()).toMatch(/^down since \d{4}-.*: .*500/u);
    sample.signal('SIGTERM');
    await sample.ended;
    await authentik.stop();
  });

  it('takes an empty AUTHENTIK_PUBLIC_URL for none', async () => {
    const port = await freePort();
    const sample = SampleProcess.spawn({ ...environment, PORT: String(port), AUTHENTIK_PUBLIC_URL: '' });
    await sample.untilReady();
    await sample.stop();
    expect(sample.output).toContain(`http://localhost:${port}/mcp`);
  });
});

describe('a signal', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)('%s ends the sample with 0, idle connections or not', async (signal) => {
    const port = await freePort();
    const sample = SampleProcess.spawn({ ...environment, PORT: String(port) });
    await sample.untilReady();
    const agent = new Agent({ keepAlive: true });
    const [response] = (await once(get({ port, path: '/api/public', agent }), 'response')) as [IncomingMessage];
    await once(response.resume(), 'end');
    sample.signal(signal);
    const { code, stderr } = await sample.ended;
    agent.destroy();
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const successor = createServer().listen(port);
    await once(successor, 'listening');
    successor.close();
  });

  it('does not wait for a client that keeps an MCP stream open', async () => {
    const authentik = await startEmbeddedAuthentik();
    const port = await freePort();
    const sample = SampleProcess.spawn({ ...environment, PORT: String(port), AUTHENTIK_URL: authentik.url });
    await sample.untilReady();
    const stream = await fetch(`http://localhost:${port}/mcp`, {
      method: 'POST',
      headers: {
        ...(await authentik.bearer('alice')),
        accept: 'application/json, text/event-stream',
        'content-type': 'application/json',
        'mcp-protocol-version': '2026-07-28',
        'mcp-method': 'subscriptions/listen',
      },
      body: JSON.stringify(listen),
    });
    const reader = stream.body?.getReader();
    const acknowledgement = await reader?.read();
    sample.signal('SIGTERM');
    const { code } = await sample.ended;
    await reader?.cancel().catch(() => undefined);
    await authentik.stop();
    expect(new TextDecoder().decode(acknowledgement?.value as Uint8Array)).toContain('acknowledged');
    expect(code).toBe(0);
  });
});

const spawnBoth = (port: number, authentikPort: number) =>
  SampleProcess.spawn(
    { PORT: String(port), AUTHENTIK_DEV_PORT: String(authentikPort), AUTHENTIK_DEV_PASSWORD: 'correct horse' },
    ['libs/authentik-testing/bin/nestjs-authentik-testing.js', '--', process.execPath, 'apps/mcp-server/dist/main.js'],
  );

describe('npm start', () => {
  it('brings an embedded Authentik along, whose people a client signs in as', async () => {
    const [port, authentikPort] = [await freePort(), await freePort()];
    const both = spawnBoth(port, authentikPort);
    await both.untilReady();
    const [kind] = mcpClients;
    const credentials = { username: 'alice', password: 'correct horse' };
    const client = await kind?.connect(`http://localhost:${port}/mcp`, 'mcp-server', credentials);
    const listed = await client?.listTools();
    await client?.close();
    both.signal('SIGINT');
    const { code, stdout } = await both.ended;
    expect(listed?.tools.map(({ name }) => name).toSorted()).toEqual(['server-time', 'team-report', 'whoami']);
    for (const word of ['alice', 'bob', 'root', 'mallory', 'correct horse', `http://localhost:${authentikPort}`]) {
      expect(stdout).toContain(word);
    }
    expect(code).toBe(0);
  });

  it('says how curl gets a token, and the manual how curl asks the MCP server with it', async () => {
    const port = await freePort();
    const both = spawnBoth(port, await freePort());
    await both.untilReady();
    const getToken = /^ +(TOKEN=.*)$/mu.exec(both.output)?.[1] ?? '';
    const TOKEN = (await run('sh', ['-c', `${getToken}; echo "$TOKEN"`])).stdout.trim();
    const refused = await run('sh', ['-c', `${getToken.replace('username=alice', 'username=nobody')}; echo "$TOKEN"`]);
    const manual = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
    const command = /^curl [^\n]*:3000\/mcp(?:.*\\\n)*.*$/mu.exec(manual)?.[0].replace(':3000/', `:${port}/`) ?? '';
    const listed = await run('sh', ['-c', command], { env: { ...process.env, TOKEN } });
    const withoutAccept = command.replace(/-H 'Accept: [^']*'/u, "-o /dev/null -w '%{http_code}'");
    const bare = await run('sh', ['-c', withoutAccept], { env: { ...process.env, TOKEN } });
    both.signal('SIGTERM');
    await both.ended;
    expect(refused.stdout.trim()).toBe('');
    expect(refused.stderr).toContain('invalid_grant');
    expect(command).toContain('$TOKEN');
    expect(listed.stdout).toContain('"team-report"');
    expect(listed.stdout).not.toContain('"purge-records"');
    // The header without which the manual's command would not be answered.
    expect(bare.stdout).toBe('406');
  });

  it('leaves no sample behind when it is killed', async () => {
    const port = await freePort();
    const both = spawnBoth(port, await freePort());
    await both.untilReady();
    both.signal('SIGKILL');
    // Its output ends with the last of those that write it, which is the sample.
    expect((await both.ended).signal).toBe('SIGKILL');
    const successor = createServer().listen(port);
    await once(successor, 'listening');
    successor.close();
  });
});
