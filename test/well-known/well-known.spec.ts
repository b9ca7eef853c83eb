import { type CanActivate, Controller, Get, type INestApplication, Injectable, VersioningType } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import helmet from 'helmet';
import request from 'supertest';
import { afterEach, describe, expect, it } from 'vitest';

import { startRestApp } from '../harness/rest-app.js';

// Nothing here asks Authentik.
const url = 'https://auth.example.com';
const path = '/.well-known/oauth-protected-resource';

@Controller()
class CatchAllController {
  @Get('*rest') anything() {
    return 'caught';
  }
}

@Injectable()
class ClosedGuard implements CanActivate {
  canActivate(): boolean {
    return false;
  }
}

let app: INestApplication | undefined;
afterEach(async () => {
  await app?.close();
  app = undefined;
});

const document = {
  resource: 'http://localhost:3000',
  authorization_servers: ['https://auth.example.com/application/o/mcp-server/'],
  scopes_supported: ['openid', 'profile', 'email'],
  bearer_methods_supported: ['header'],
  resource_name: 'mcp-server',
};

describe('RFC 9728 protected-resource metadata', () => {
  it('names this app and Authentik, for anybody, for a while', async () => {
    app = await startRestApp(url, { controllers: [] });
    const response = await request(app.getHttpServer()).get(path);
    expect(response.status).toBe(200);
    expect(response.headers['content-type']).toMatch(/^application\/json/u);
    expect(response.headers['access-control-allow-origin']).toBe('*');
    expect(response.headers['cache-control']).toBe('public, max-age=300');
    expect(response.headers['etag']).toBeDefined();
    expect(response.body).toEqual(document);
  });

  it('answers HEAD and a preflight', async () => {
    app = await startRestApp(url, { controllers: [] });
    const server = app.getHttpServer();
    expect((await request(server).head(path)).status).toBe(200);
    const preflight = await request(server).options(path).set({ origin: 'https://inspector.example' });
    expect(preflight.status).toBe(204);
    expect(preflight.headers['access-control-allow-headers']).toBe('MCP-Protocol-Version');
  });

  it.each<[string, (target: INestApplication) => void, (typeof CatchAllController)[]]>([
    ['a global prefix', (target) => target.setGlobalPrefix('api/v1'), []],
    ['URI versioning', (target) => target.enableVersioning({ type: VersioningType.URI, defaultVersion: '1' }), []],
    ['helmet', (target) => target.use(helmet()), []],
    ['CORS of one origin', (target) => target.enableCors({ origin: 'https://one.example' }), []],
    ['a route that catches all', () => undefined, [CatchAllController]],
  ])('stands where the RFC wants it under %s', async (_what, configure, controllers) => {
    app = await startRestApp(url, { controllers, configure });
    const response = await request(app.getHttpServer()).get(path).set({ origin: 'https://two.example' });
    expect(response.body).toEqual(document);
    expect(response.headers['access-control-allow-origin']).toBe('*');
  });

  it('is not behind a guard of the app', async () => {
    app = await startRestApp(url, { controllers: [], providers: [{ provide: APP_GUARD, useClass: ClosedGuard }] });
    expect((await request(app.getHttpServer()).get(path)).body).toEqual(document);
  });

  it('is not there without its feature, and the guards still are', async () => {
    app = await startRestApp(url, { controllers: [], extras: { features: ['bearer'] } });
    expect((await request(app.getHttpServer()).get(path)).status).toBe(404);
  });

  it('leaves out scopes when there are none to ask for', async () => {
    app = await startRestApp(url, { controllers: [], options: { scopes: ['openid', 'offline_access'] } });
    const { body } = await request(app.getHttpServer()).get(path);
    expect(body).toMatchObject({ scopes_supported: ['openid'] });
  });
});
