import { type EmbeddedAuthentik, startEmbeddedAuthentik } from 'nestjs-authentik-testing';
import request from 'supertest';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { ran, type StartedApp, startMcpApp } from './app.js';
import { legacyPost, wireHeaders } from './wire.js';

let authentik: EmbeddedAuthentik;
let alice: { authorization: string };
let local: StartedApp;
let published: StartedApp;

beforeAll(async () => {
  authentik = await startEmbeddedAuthentik();
  alice = await authentik.bearer('alice');
  local = await startMcpApp(authentik);
  published = await startMcpApp(authentik, {
    options: { publicUrl: 'https://reports.example.com' },
    mcp: {
      allowedHosts: ['Upstream.internal:8080', '[fd00::1]'],
      allowedOrigins: ['https://console.example.com/', 'moz-extension://7f3a'],
    },
  });
});
afterAll(async () => {
  await local.app.close();
  await published.app.close();
  await authentik.stop();
});
beforeEach(() => {
  ran.length = 0;
});

type Headers = Record<string, string>;
type Verb = 'post' | 'get' | 'delete' | 'put' | 'options';

const ask = ({ origin }: StartedApp, headers: Headers, verb: Verb = 'post') => {
  const client = request(origin);
  const asked = client[verb]('/mcp').set({ ...wireHeaders, ...headers });
  return verb === 'post' ? asked.send(legacyPost('tools/call', { name: 'anyone', arguments: {} }).body) : asked;
};

const corsHeaders = (headers: Headers) =>
  Object.keys(headers).filter((name) => name.startsWith('access-control-allow') || name === 'access-control-expose');

/** With a sound token and without: the token must make no difference. */
async function expectForbidden(app: StartedApp, headers: Headers): Promise<void> {
  for (const verb of ['post', 'get', 'delete', 'put', 'options'] as const) {
    for (const credential of [{}, alice, { authorization: 'Bearer garbage' }]) {
      const response = await ask(app, { ...headers, ...credential }, verb);
      expect(response.status).toBe(403);
      expect(response.headers['www-authenticate']).toBeUndefined();
      expect(corsHeaders(response.headers)).toEqual([]);
      expect(response.body).toEqual({
        jsonrpc: '2.0',
        error: { code: -32600, message: 'Host or Origin is not allowed' },
        id: null,
      });
    }
  }
  expect(ran).toEqual([]);
}

async function expectAllowed(app: StartedApp, headers: Headers): Promise<void> {
  expect((await ask(app, headers)).status).toBe(401);
  expect((await ask(app, { ...headers, authorization: 'Bearer garbage' })).status).toBe(401);
  expect((await ask(app, { ...headers, ...alice })).status).toBe(200);
  expect(ran).toEqual(['anyone']);
}

describe('an endpoint on loopback', () => {
  it.each([
    'evil.example',
    // What a name resolves to that somebody points at this machine, does not count.
    'localhost.evil.example',
    '127.0.0.1.nip.io',
    'localtest.me:3000',
    '0.0.0.0:3000',
    '127.0.0.2:3000',
    '[::]:3000',
    'localhost.',
    'localhost@evil.example',
    'a b',
  ])('is 403 for Host %s, with a token and without, on every verb', async (host) => {
    await expectForbidden(local, { host });
  });

  it.each(['localhost', 'LOCALHOST:1', '127.0.0.1:3000', '[::1]:3000'])('takes Host %s', async (host) => {
    await expectAllowed(local, { host });
  });

  it.each([
    'null',
    '',
    'https://evil.example',
    'http://localhost.evil.example:3000',
    'http://evil.example:3000/localhost',
    'http://localhost@evil.example',
    'http://localhost/',
    'http://localhost, https://evil.example',
    'file://',
    'chrome-extension://localhost',
    'localhost',
    '//localhost',
  ])('is 403 for Origin %j', async (origin) => {
    await expectForbidden(local, { origin });
  });

  it.each(['http://localhost:6274', 'http://127.0.0.1:6274', 'http://[::1]:6274', 'https://localhost'])(
    'takes Origin %s, for a page of this machine',
    async (origin) => {
      await expectAllowed(local, { origin });
      const response = await ask(local, { origin });
      expect(response.headers['access-control-allow-origin']).toBe(origin);
      expect(response.headers['vary']).toContain('Origin');
    },
  );
});

describe('an endpoint with a public name', () => {
  const host = 'reports.example.com';

  it.each([
    'localhost:3000',
    '127.0.0.1',
    'example.com',
    'reports.example.com.evil.example',
    'evil.reports.example.com',
    'other.internal',
    'reports.example.com.',
    'reports.example.com:443:443',
    'reports.example.com, localhost',
    'localhost#reports.example.com',
    '[fd00::2]',
    'fd00::1',
  ])('is 403 for Host %s', async (foreign) => {
    await expectForbidden(published, { host: foreign });
  });

  it.each([
    'reports.example.com',
    'Reports.Example.com:443',
    'upstream.internal',
    'upstream.internal:9',
    '[fd00::1]:80',
    '[FD00::1]',
  ])('takes Host %s', async (allowed) => {
    await expectAllowed(published, { host: allowed });
  });

  it.each([
    ['another scheme', 'http://reports.example.com'],
    ['another port', 'https://reports.example.com:8443'],
    ['a name below its own', 'https://evil.reports.example.com'],
    ['a name above its own', 'https://example.com'],
    ['a longer name', 'https://reports.example.com.evil.example'],
    ['loopback', 'http://localhost:6274'],
    ['its own with a last dot', 'https://reports.example.com.'],
    ['its own with the port that goes without saying', 'https://reports.example.com:443'],
    ['its own in capitals, which no browser sends', 'https://REPORTS.example.com'],
    ['its own with a path', 'https://reports.example.com/'],
    ['its own among others', 'https://reports.example.com https://evil.example'],
    ['an opaque one', 'null'],
    ['an upstream, which has no pages', 'https://upstream.internal'],
    ['an allowed one by another scheme', 'http://console.example.com'],
    ['an allowed one at another port', 'https://console.example.com:8443'],
    ['another extension', 'moz-extension://7f3b'],
    ['an extension of another browser', 'chrome-extension://7f3a'],
  ])('is 403 for an Origin that is %s', async (_what, origin) => {
    await expectForbidden(published, { host, origin });
  });

  it.each(['https://reports.example.com', 'https://console.example.com', 'moz-extension://7f3a'])(
    'takes Origin %s',
    async (origin) => {
      await expectAllowed(published, { host, origin });
    },
  );

  it('answers the preflight of an allowed page before anybody is asked for a token', async () => {
    const response = await ask(
      published,
      {
        host,
        origin: 'https://console.example.com',
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization, content-type, mcp-protocol-version',
      },
      'options',
    );
    expect(response.status).toBe(204);
    expect(response.headers['www-authenticate']).toBeUndefined();
    expect(response.headers['access-control-allow-origin']).toBe('https://console.example.com');
    expect(response.headers['access-control-allow-methods']).toBe('POST, GET, DELETE, OPTIONS');
    for (const name of ['Authorization', 'Content-Type', 'MCP-Protocol-Version', 'Mcp-Method', 'Mcp-Name']) {
      expect(response.headers['access-control-allow-headers']).toContain(name);
    }
    // Tokens travel in a header of their own; no cookie has any business here.
    expect(response.headers['access-control-allow-credentials']).toBeUndefined();
  });
});

describe('connectMcp()', () => {
  it.each([
    [{ allowedHosts: ['https://upstream.internal'] }, 'allowedHosts: "https://upstream.internal"'],
    [{ allowedHosts: ['::1'] }, 'allowedHosts: "::1"'],
    [{ allowedHosts: ['*.example.com'] }, 'allowedHosts: "*.example.com"'],
    [{ allowedHosts: [''] }, 'allowedHosts: ""'],
    [{ allowedOrigins: ['console.example.com'] }, 'allowedOrigins: "console.example.com"'],
    [{ allowedOrigins: ['https://console.example.com/path'] }, 'allowedOrigins: "https://console.example.com/path"'],
    [{ allowedOrigins: ['https://*.example.com'] }, 'allowedOrigins: "https://*.example.com"'],
    [{ allowedOrigins: ['*'] }, 'allowedOrigins: "*"'],
    [{ allowedOrigins: ['null'] }, 'allowedOrigins: "null"'],
  ])('refuses %j, which would never match', async (mcp, message) => {
    await expect(startMcpApp(authentik, { mcp })).rejects.toThrow(message);
  });
});
