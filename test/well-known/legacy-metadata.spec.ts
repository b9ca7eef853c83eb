import type { INestApplication } from '@nestjs/common';
import { type EmbeddedAuthentik, startEmbeddedAuthentik } from 'nestjs-authentik-testing';
import request from 'supertest';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import { startRestApp } from '../harness/rest-app.js';

const path = '/.well-known/oauth-authorization-server';
let authentik: EmbeddedAuthentik;
let app: INestApplication | undefined;
beforeAll(async () => {
  authentik = await startEmbeddedAuthentik();
});
afterAll(() => authentik.stop());
afterEach(async () => {
  await app?.close();
  app = undefined;
  await authentik.clearFaults();
});

describe('RFC 8414 authorization-server metadata', () => {
  it('is nobody here unless asked for', async () => {
    app = await startRestApp(authentik.url, { controllers: [] });
    expect((await request(app.getHttpServer()).get(path)).status).toBe(404);
  });

  it('is a copy of what Authentik says where legacyMetadata asks for it, under any prefix', async () => {
    app = await startRestApp(authentik.url, {
      controllers: [],
      options: { legacyMetadata: true },
      configure: (target) => target.setGlobalPrefix('api'),
    });
    const response = await request(app.getHttpServer()).get(path);
    expect(response.status).toBe(200);
    expect(response.headers).toMatchObject({
      'access-control-allow-origin': '*',
      'cache-control': 'public, max-age=300',
    });
    const theirs = await fetch(`${authentik.issuer('mcp-server')}.well-known/openid-configuration`);
    expect(response.body).toEqual(await theirs.json());
    expect((await request(app.getHttpServer()).head(path)).status).toBe(200);
    expect((await request(app.getHttpServer()).options(path)).status).toBe(204);
    const unchanged = await request(app.getHttpServer())
      .get(path)
      .set('if-none-match', response.headers['etag'] ?? '');
    expect(unchanged.status).toBe(304);
  });

  it('is 503 while Authentik cannot be asked', async () => {
    await authentik.fault('error500');
    app = await startRestApp(authentik.url, { controllers: [], options: { legacyMetadata: true } });
    const response = await request(app.getHttpServer()).get(path);
    expect(response.status).toBe(503);
    expect(response.headers).toMatchObject({ 'retry-after': '1', 'cache-control': 'no-store' });
    expect(response.body).toMatchObject({ error: 'temporarily_unavailable' });
  });
});
