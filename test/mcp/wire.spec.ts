import { once } from 'node:events';
import http from 'node:http';
import { json } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';

import { type EmbeddedAuthentik, startEmbeddedAuthentik } from 'nestjs-authentik-testing';
import request from 'supertest';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { ran, type StartedApp, startMcpApp } from './app.js';
import { modernPost as modern, wireHeaders } from './wire.js';

let authentik: EmbeddedAuthentik;
let server: StartedApp;
let alice: { authorization: string };

beforeAll(async () => {
  authentik = await startEmbeddedAuthentik();
  server = await startMcpApp(authentik);
  alice = await authentik.bearer('alice');
});
afterAll(async () => {
  await server.app.close();
  await authentik.stop();
});
beforeEach(() => {
  ran.length = 0;
});

const list = { jsonrpc: '2.0', id: 7, method: 'tools/list' };
const call = (name: string) => ({ jsonrpc: '2.0', id: 7, method: 'tools/call', params: { name, arguments: {} } });
const post = (body: string | object, headers: Record<string, string> = {}) =>
  request(server.origin)
    .post('/mcp')
    .set({ ...wireHeaders, ...headers })
    .send(body);

const challenge = () =>
  `Bearer scope="openid profile email", resource_metadata="${server.origin}/.well-known/oauth-protected-resource/mcp"`;

describe('a request without a token', () => {
  it.each(['get', 'post', 'put', 'patch', 'delete', 'head'] as const)(
    'is 401 on %s before anything else',
    async (verb) => {
      const response = await request(server.origin)[verb]('/mcp');
      expect(response.status).toBe(401);
      expect(response.headers['www-authenticate']).toBe(challenge());
      expect(response.headers['cache-control']).toBe('no-store');
    },
  );

  it.each([
    ['broken JSON', '{', 'application/json'],
    ['an array', '[]', 'application/json'],
    ['another type', 'x', 'text/plain'],
    ['a body over the limit', `"${'x'.repeat(2 * 1024 * 1024)}"`, 'application/json'],
  ])('is 401 and not a word on %s', async (_what, body, type) => {
    const response = await request(server.origin).post('/mcp').set({ 'content-type': type }).send(body);
    expect(response.status).toBe(401);
    expect(response.body).toEqual({
      jsonrpc: '2.0',
      error: { code: -32600, message: 'An access token is needed' },
      id: null,
    });
  });

  it('leads to a document and to an authorization server that are right', async () => {
    const refused = await post(list);
    const metadataUrl = /resource_metadata="([^"]+)"/u.exec(refused.headers['www-authenticate'] ?? '')?.[1] ?? '';
    const metadata = (await (await fetch(metadataUrl)).json()) as { resource: string; authorization_servers: string[] };
    expect(metadata).toEqual({
      resource: server.url,
      authorization_servers: [authentik.issuer('mcp-server')],
      scopes_supported: ['openid', 'profile', 'email'],
      bearer_methods_supported: ['header'],
      resource_name: 'reports',
    });
    const issuer = metadata.authorization_servers[0] ?? '';
    expect(issuer).toMatch(/\/application\/o\/mcp-server\/$/u);
    const provider = (await (await fetch(`${issuer}.well-known/openid-configuration`)).json()) as { issuer: string };
    expect(provider.issuer).toBe(issuer);
  });
});

describe('a verb that only sessions have', () => {
  it.each(['get', 'delete', 'put'] as const)('is 405 on %s, and told what there is', async (verb) => {
    const agent = request(server.origin);
    const response = await agent[verb]('/mcp').set({ ...wireHeaders, ...alice });
    expect(response.status).toBe(405);
    expect(response.headers['allow']).toBe('POST, OPTIONS');
    expect(response.body).toMatchObject({ jsonrpc: '2.0', error: { message: 'Method not allowed' }, id: null });
  });
});

describe('a body', () => {
  it.each([
    ['an array of one call', [call('purge-records')], 'application/json', 400, -32600],
    ['an empty array', [], 'application/json', 400, -32600],
    ['an array in another type', JSON.stringify([call('anyone')]), 'text/plain', 415, -32600],
    ['no type', JSON.stringify(list), '', 415, -32600],
    ['broken JSON', '{"jsonrpc":', 'application/json', 400, -32700],
    ['nothing', '', 'application/json', 400, -32700],
    ['a bare word', 'null', 'application/json', 400, -32700],
    ['more than a mebibyte', `"${'x'.repeat(1024 * 1024)}"`, 'application/json', 413, -32600],
  ])('that is %s is refused', async (_what, body, type, status, code) => {
    const response = await post(body, { ...alice, 'content-type': type });
    expect(response.status).toBe(status);
    expect(response.body).toMatchObject({ jsonrpc: '2.0', error: { code }, id: null });
    expect(ran).toEqual([]);
  });

  it('that is one message is served', async () => {
    const response = await post(call('anyone'), alice);
    expect(response.status).toBe(200);
    expect(ran).toEqual(['anyone']);
  });

  const message = JSON.stringify(call('anyone'));
  it.each([
    ['with a charset', { 'content-type': 'application/json; charset=utf-8' }, Buffer.from(message)],
    ['compressed', { 'content-encoding': 'gzip' }, gzipSync(message)],
    ['in chunks', { 'transfer-encoding': 'chunked' }, Buffer.from(message)],
    ['in letters of all the world', {}, Buffer.from(message.replace('{}', '{"a":"日本語 ü"}'))],
  ])('that comes %s is served as well', async (_how, headers, body) => {
    const sent = http.request(`${server.origin}/mcp`, {
      method: 'POST',
      headers: {
        ...wireHeaders,
        'content-type': 'application/json',
        ...alice,
        ...(!('transfer-encoding' in headers) && { 'content-length': body.length }),
        ...headers,
      },
    });
    // In two pieces, cut in the middle of a letter.
    sent.write(body.subarray(0, body.length - 9));
    sent.end(body.subarray(body.length - 9));
    const [response] = (await once(sent, 'response')) as [http.IncomingMessage];
    response.resume();
    expect(response.statusCode).toBe(200);
    expect(ran).toEqual(['anyone']);
  });

  it.each([
    ['2025-11-25', {}, call('anyone')],
    ['2026-07-28', modern('tools/call', { name: 'anyone' }).headers, modern('tools/call', { name: 'anyone' }).body],
  ])('of two types is refused, protocol %s', async (_era, headers, body) => {
    const sent = http.request(`${server.origin}/mcp`, {
      method: 'POST',
      headers: { ...wireHeaders, ...headers, ...alice, 'content-type': ['application/json', 'text/plain'] },
    });
    sent.end(JSON.stringify(body));
    const [response] = (await once(sent, 'response')) as [http.IncomingMessage];
    expect(response.statusCode).toBe(415);
    expect(await json(response)).toMatchObject({ jsonrpc: '2.0', error: { code: -32600 }, id: null });
    expect(ran).toEqual([]);
  });

  it('that breaks off runs nothing, and the next one is served', async () => {
    const sent = http.request(`${server.origin}/mcp`, {
      agent: false,
      method: 'POST',
      headers: { ...wireHeaders, 'content-type': 'application/json', ...alice, 'content-length': message.length },
    });
    sent.on('error', () => undefined);
    await new Promise<void>((resolve) => sent.write(message.slice(0, -1), () => resolve()));
    await new Promise((resolve) => sent.destroy().once('close', resolve));
    expect((await post(call('anyone'), alice)).status).toBe(200);
    expect(ran).toEqual(['anyone']);
  });
});

describe('both protocol eras', () => {
  it('say that a list of tools is private', async () => {
    const { headers, body } = modern('tools/list');
    const response = await post(body, { ...alice, ...headers });
    expect(response.status).toBe(200);
    expect(response.body.result).toMatchObject({ cacheScope: 'private' });
  });

  it.each(['tools/call', 'prompts/get'])(
    'answer %s of a hidden name, byte for byte, as of an unknown one',
    async (method) => {
      const bob = await authentik.bearer('bob');
      const hidden = method === 'tools/call' ? 'purge-records' : 'retrospective';
      const ask = async (name: string) => {
        const { headers, body } = modern(method, { name });
        const now = await post(body, { ...bob, ...headers, 'mcp-name': name });
        const then = await post({ jsonrpc: '2.0', id: 7, method, params: { name } }, bob);
        return [now, then].map(({ status, text }) => ({ status, text: text.replaceAll(name, '…') }));
      };
      const answers = await ask(hidden);
      expect(answers).toEqual(await ask('nonexistent'));
      expect(answers.map(({ status }) => status)).toEqual([200, 200]);
      expect(ran).toEqual([]);
    },
  );

  it('never let a header name another tool than the body', async () => {
    const { headers, body } = modern('tools/call', { name: 'purge-records', arguments: {} });
    const response = await post(body, { ...alice, ...headers, 'mcp-name': 'anyone' });
    expect(response.status).toBe(400);
    expect(ran).toEqual([]);
  });

  it('tell of every tool that it takes a token', async () => {
    const response = await post(list, alice);
    for (const tool of response.body.result.tools as { _meta: unknown }[]) {
      expect(tool._meta).toMatchObject({
        securitySchemes: [{ type: 'oauth2', scopes: ['openid', 'profile', 'email'] }],
      });
    }
  });

  it('read no URI for a stranger that cannot be decoded, whether a template fits or not', async () => {
    const bob = await authentik.bearer('bob');
    const read = async (uri: string) => {
      const response = await post({ jsonrpc: '2.0', id: 7, method: 'resources/read', params: { uri } }, bob);
      return response.text.replaceAll(uri, '…');
    };
    expect(await read('person://people/%E0')).toBe(await read('nothing://at/all/%E0'));
  });
});

describe('where a request comes from', () => {
  it.each([
    ['a foreign Origin', { origin: 'https://evil.example' }],
    ['a null Origin', { origin: 'null' }],
    ['a foreign Host', { host: 'evil.example' }],
  ])('%s is 403 before the token is looked at', async (_what, headers) => {
    const response = await post(list, headers);
    expect(response.status).toBe(403);
    expect(response.headers['www-authenticate']).toBeUndefined();
    expect((await post(list, { ...alice, ...headers })).status).toBe(403);
  });

  it('its own origin, and none at all, may ask', async () => {
    expect((await post(list, { ...alice, origin: server.origin })).status).toBe(200);
    expect((await post(list, alice)).status).toBe(200);
  });

  it('a preflight is answered without a token', async () => {
    const response = await request(server.origin).options('/mcp').set({ origin: server.origin });
    expect(response.status).toBe(204);
    expect(response.headers['access-control-allow-headers']).toContain('Authorization');
    expect(response.headers['access-control-expose-headers']).toContain('WWW-Authenticate');
  });

  it('a cookie is no credential', async () => {
    expect((await post(list, { cookie: alice.authorization.replace(' ', '=') })).status).toBe(401);
  });
});
