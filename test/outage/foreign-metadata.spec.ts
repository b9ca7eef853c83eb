import { Controller, Get } from '@nestjs/common';
import { Authenticated } from 'nestjs-authentik';
import request from 'supertest';
import { afterEach, describe, expect, it } from 'vitest';

import { type BentAnswer, json, startBentProvider } from '../harness/bent-provider.js';
import { startRestApp } from '../harness/rest-app.js';

@Controller('reports')
class ReportsController {
  @Get() @Authenticated() list() {
    return 'in';
  }
}

const stops: (() => void)[] = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop();
});

/** The status that a sound token gets of an app before a provider whose answers are bent. */
async function statusWith(bent: { discovery?: BentAnswer; jwks?: BentAnswer }): Promise<number> {
  const { origin, token, stop } = await startBentProvider(bent);
  stops.push(stop);
  const app = await startRestApp(origin, { controllers: [ReportsController], options: { timeoutMs: 1000 } });
  const { status } = await request(app.getHttpServer()).get('/reports').auth(token, { type: 'bearer' });
  await app.close();
  return status;
}

describe('what Authentik says of itself', () => {
  it('is believed when it is sound', async () => {
    expect(await statusWith({})).toBe(200);
  });

  it.each<[string, { discovery?: BentAnswer; jwks?: BentAnswer }]>([
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
