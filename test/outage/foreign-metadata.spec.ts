import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import { Controller, Get } from '@nestjs/common';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { Authenticated } from 'nestjs-authentik';
import request from 'supertest';
import { afterEach, describe, expect, it } from 'vitest';

import { startRestApp } from '../harness/rest-app.js';

@Controller('reports')
class ReportsController {
  @Get() @Authenticated() list() {
    return 'in';
  }
}

type Answer = (response: ServerResponse, own: { origin: string; metadata: object; jwks: object }) => void;

const json = (response: ServerResponse, body: unknown) => {
  response.setHeader('content-type', 'application/json').end(JSON.stringify(body));
};
const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** A provider whose answers can be bent, and the status that a sound token of it gets. */
async function statusWith(bent: { discovery?: Answer; jwks?: Answer }): Promise<number> {
  const { publicKey, privateKey } = await generateKeyPair('RS256');
  const jwks = { keys: [{ ...(await exportJWK(publicKey)), kid: 'key', alg: 'RS256', use: 'sig' }] };
  const server = createServer((message: IncomingMessage, response) => {
    const origin = `http://localhost:${(server.address() as AddressInfo).port}`;
    const metadata = {
      issuer: `${origin}/application/o/mcp-server/`,
      authorization_endpoint: `${origin}/application/o/authorize/`,
      token_endpoint: `${origin}/application/o/token/`,
      jwks_uri: `${origin}/application/o/mcp-server/jwks/`,
      response_types_supported: ['code'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['RS256'],
    };
    const own = { origin, metadata, jwks };
    if (message.url?.endsWith('openid-configuration') === true) {
      (bent.discovery ?? ((to) => json(to, metadata)))(response, own);
    } else (bent.jwks ?? ((to) => json(to, jwks)))(response, own);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, resolve));
  const origin = `http://localhost:${(server.address() as AddressInfo).port}`;
  const token = await new SignJWT({ azp: 'mcp-server', uid: 'x' })
    .setProtectedHeader({ alg: 'RS256', kid: 'key' })
    .setIssuer(`${origin}/application/o/mcp-server/`)
    .setAudience('mcp-server')
    .setSubject('1')
    .setExpirationTime('1h')
    .sign(privateKey);
  const app = await startRestApp(origin, { controllers: [ReportsController], options: { timeoutMs: 1000 } });
  const { status } = await request(app.getHttpServer()).get('/reports').auth(token, { type: 'bearer' });
  await app.close();
  return status;
}

describe('what Authentik says of itself', () => {
  it('is believed when it is sound', async () => {
    expect(await statusWith({})).toBe(200);
  });

  it.each<[string, { discovery?: Answer; jwks?: Answer }]>([
    [
      'keys on another origin',
      { discovery: (to, { metadata }) => json(to, { ...metadata, jwks_uri: 'http://localhost:1/jwks/' }) },
    ],
    [
      'a token endpoint on another origin',
      { discovery: (to, { metadata }) => json(to, { ...metadata, token_endpoint: 'https://evil.example/token' }) },
    ],
    ['another issuer', { discovery: (to, { metadata }) => json(to, { ...metadata, issuer: 'https://evil.example/' }) }],
    [
      'an issuer without its slash',
      {
        discovery: (to, { metadata, origin }) =>
          json(to, { ...metadata, issuer: `${origin}/application/o/mcp-server` }),
      },
    ],
    ['no keys address', { discovery: (to, { metadata }) => json(to, { ...metadata, jwks_uri: undefined }) }],
    ['a redirect', { discovery: (to) => to.writeHead(302, { location: '/elsewhere' }).end() }],
    ['a redirect of the keys', { jwks: (to) => to.writeHead(302, { location: '/elsewhere' }).end() }],
    [
      'more than a mebibyte',
      { discovery: (to, { metadata }) => json(to, { ...metadata, padding: 'x'.repeat(1024 * 1024) }) },
    ],
    [
      'more than a mebibyte of keys',
      { jwks: (to, { jwks }) => json(to, { ...jwks, padding: 'x'.repeat(1024 * 1024) }) },
    ],
    ['no answer in time', { discovery: () => undefined }],
    ['no JSON', { jwks: (to) => to.end('<html>') }],
  ])('with %s decides nothing: 503', async (_what, bent) => {
    expect(await statusWith(bent)).toBe(503);
  });

  it('with no keys at all leaves every token unverified: 401', async () => {
    expect(await statusWith({ jwks: (to) => json(to, {}) })).toBe(401);
  });
});
