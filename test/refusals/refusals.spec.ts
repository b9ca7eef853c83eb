import { once } from 'node:events';
import { createServer, type IncomingMessage, request as sendRequest, type RequestListener } from 'node:http';

import { Controller, Get, type INestApplication } from '@nestjs/common';
import { AllowedGroups, Authenticated, CurrentUser } from 'nestjs-authentik';
import { type EmbeddedAuthentik, startEmbeddedAuthentik } from 'nestjs-authentik-testing';
import request from 'supertest';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { startMcpApp, type StartedApp } from '../mcp/app.js';
import { startRestApp } from '../harness/rest-app.js';

const served: string[] = [];

@Controller('reports')
class ReportsController {
  @Get() @Authenticated() list(@CurrentUser('username') username: string) {
    served.push(username);
    return { username };
  }

  @Get('team') @AllowedGroups('engineering', 'finance') team(@CurrentUser('username') username: string) {
    served.push(username);
    return { username };
  }
}

let authentik: EmbeddedAuthentik;
let rest: INestApplication;
let mcp: StartedApp;

beforeAll(async () => {
  authentik = await startEmbeddedAuthentik();
  rest = await startRestApp(authentik.url, { controllers: [ReportsController] });
  mcp = await startMcpApp(authentik);
});
afterAll(async () => {
  await rest.close();
  await mcp.app.close();
  await authentik.stop();
});
beforeEach(() => {
  served.length = 0;
});

const metadata = 'resource_metadata="http://localhost:3000/.well-known/oauth-protected-resource"';
const scope = 'scope="openid profile email"';
const notValid = `Bearer error="invalid_token", ${scope}, ${metadata}, error_description="The access token is not valid here"`;

const get = (path: string, headers: Record<string, string> = {}) =>
  request(rest.getHttpServer()).get(path).set(headers);
const list = (headers: Record<string, string>) =>
  request(mcp.origin)
    .post('/mcp')
    .set({ accept: 'application/json, text/event-stream', ...headers })
    .send({ jsonrpc: '2.0', id: 1, method: 'tools/list' });

describe('a sound token', () => {
  it('is served, which each refusal below is the neighbour of', async () => {
    const alice = await authentik.bearer('alice');
    expect((await get('/reports', alice)).status).toBe(200);
    expect((await get('/reports/team', alice)).status).toBe(200);
    expect((await list(alice)).status).toBe(200);
    expect(served).toEqual(['alice', 'alice']);
  });
});

describe('a token that is wrong in one way', () => {
  // Nobody has looked at a signature yet: what is told apart would tell whoever makes tokens up how far they have come.
  it.each([
    'garbage',
    'algNone',
    'hs256WithPublicKey',
    'otherIssuer',
    'otherAudience',
    'idToken',
    'expired',
    'notYetValid',
    'badSignature',
    'unknownKey',
  ] as const)('is 401 when it is %s, in the same words as any other, on a route and on MCP', async (kind) => {
    const headers = { authorization: `Bearer ${await authentik.mintBroken({ kind, user: 'alice' })}` };
    const route = await get('/reports', headers);
    expect(route.status).toBe(401);
    expect(route.headers['www-authenticate']).toBe(notValid);
    expect(route.headers['cache-control']).toBe('no-store');
    const other = { authorization: 'Bearer neither' };
    expect(route.body).toEqual((await get('/reports', other)).body);
    expect(route.body).toMatchObject({ statusCode: 401, error: 'invalid_token' });
    expect(served).toEqual([]);

    const endpoint = await list(headers);
    expect(endpoint.status).toBe(401);
    expect(endpoint.headers['www-authenticate']).toContain('error="invalid_token"');
    expect(endpoint.body).toMatchObject({ jsonrpc: '2.0', id: null });
    const otherEndpoint = await list(other);
    expect(endpoint.headers['www-authenticate']).toBe(otherEndpoint.headers['www-authenticate']);
    expect(endpoint.body).toEqual(otherEndpoint.body);
  });

  it('is 401 when another application of the same Authentik issued it', async () => {
    const other = await startEmbeddedAuthentik({
      applications: [
        { slug: 'mcp-server', clientId: 'mcp-server', clientType: 'public' },
        { slug: 'other', clientId: 'other', clientType: 'public' },
      ],
    });
    const app = await startRestApp(other.url, { controllers: [ReportsController] });
    const ask = async (application: string) =>
      (
        await request(app.getHttpServer())
          .get('/reports')
          .set(await other.bearer('alice', { application }))
      ).status;
    expect(await ask('other')).toBe(401);
    expect(await ask('mcp-server')).toBe(200);
    await app.close();
    await other.stop();
  });
});

describe('a credential in the wrong place or form', () => {
  it('no token is 401 with a challenge that has no error', async () => {
    const response = await get('/reports');
    expect(response.status).toBe(401);
    expect(response.headers['www-authenticate']).toBe(`Bearer ${scope}, ${metadata}`);
  });

  it('a token in the query or the body is not seen', async () => {
    const token = (await authentik.bearer('alice')).authorization.replace('Bearer ', '');
    const inQuery = await get(`/reports?access_token=${token}`);
    expect(inQuery.status).toBe(401);
    expect(inQuery.headers['www-authenticate']).not.toContain('error=');
    const inBody = await request(mcp.origin).post('/mcp').send({ access_token: token });
    expect(inBody.status).toBe(401);
    expect((await request(mcp.origin).post(`/mcp?access_token=${token}`)).status).toBe(401);
  });

  it('another scheme is as no token', async () => {
    const response = await get('/reports', { authorization: 'Basic YWxpY2U6cGFzc3dvcmQ=' });
    expect(response.status).toBe(401);
    expect(response.headers['www-authenticate']).not.toContain('error=');
  });

  it.each([
    ['the scheme alone', 'Bearer'],
    ['three words', 'Bearer a b'],
  ])('%s is 400', async (_what, authorization) => {
    const response = await get('/reports', { authorization });
    expect(response.status).toBe(400);
    expect(response.headers['www-authenticate']).toContain('error="invalid_request"');
    expect(served).toEqual([]);
  });

  it('more than 16 KiB is refused before anything looks into it', async () => {
    const authorization = `Bearer ${'x'.repeat(16 * 1024)}`;
    // By Node itself, as long as its limit is the default.
    expect((await get('/reports', { authorization })).status).toBe(431);
    // By us, where somebody raised that limit.
    const roomy = createServer({ maxHeaderSize: 64 * 1024 }, rest.getHttpAdapter().getInstance() as RequestListener);
    const response = await request(roomy).get('/reports').set({ authorization });
    expect(response.status).toBe(400);
    expect(response.headers['www-authenticate']).toContain('error="invalid_request"');
    expect(served).toEqual([]);
  });

  it.each([
    ['authorization', 'authorization'],
    ['Authorization', 'AUTHORIZATION'],
  ])('two tokens are 400, whichever is the sound one: %s and %s', async (name, otherName) => {
    const { authorization } = await authentik.bearer('alice');
    // A list of names and values is sent as it is.
    const headers = ['Host', new URL(mcp.origin).host, name, authorization, otherName, 'Bearer other'];
    const message = sendRequest(`${mcp.origin}/mcp`, { method: 'POST', headers });
    message.end();
    const [response] = (await once(message, 'response')) as [IncomingMessage];
    response.resume();
    expect(response.statusCode).toBe(400);
  });

  it('a sound token after the word in any case is served', async () => {
    const { authorization } = await authentik.bearer('alice');
    expect((await get('/reports', { authorization: authorization.replace('Bearer', 'bearer') })).status).toBe(200);
  });
});

describe('groups', () => {
  it.each(['bob', 'root', 'mallory'])(
    '%s, who is in none of them, is 403 without a scope to ask for',
    async (username) => {
      const response = await get('/reports/team', await authentik.bearer(username));
      expect(response.status).toBe(403);
      expect(response.headers['www-authenticate']).toBe(`Bearer ${metadata}`);
      expect(response.body).toEqual({
        statusCode: 403,
        error: 'forbidden',
        error_description: 'You are not allowed to do this',
        message: 'You are not allowed to do this',
      });
      expect(response.text).not.toContain('engineering');
      expect(served).toEqual([]);
    },
  );

  it('do not come with a token that was not granted profile', async () => {
    const token = await authentik.mintAccessToken({ user: 'alice', scopes: ['openid', 'email'] });
    expect((await get('/reports/team', { authorization: `Bearer ${token}` })).status).toBe(403);
    expect((await get('/reports', { authorization: `Bearer ${token}` })).status).toBe(200);
  });
});
