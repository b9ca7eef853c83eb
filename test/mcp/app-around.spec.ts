import {
  type ArgumentMetadata,
  type ArgumentsHost,
  BadRequestException,
  type CallHandler,
  type CanActivate,
  Catch,
  Controller,
  type ExceptionFilter,
  type ExecutionContext,
  ForbiddenException,
  Get,
  Injectable,
  type NestInterceptor,
  type PipeTransform,
  VersioningType,
} from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR, APP_PIPE } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { Public } from 'nestjs-authentik';
import { connectMcp } from 'nestjs-authentik/mcp';
import { type EmbeddedAuthentik, startEmbeddedAuthentik } from 'nestjs-authentik-testing';
import { map, type Observable, throwError } from 'rxjs';
import request from 'supertest';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { ran, type StartedApp, startMcpApp } from './app.js';

let authentik: EmbeddedAuthentik;
let alice: { authorization: string };
let server: StartedApp | undefined;

beforeAll(async () => {
  authentik = await startEmbeddedAuthentik();
  alice = await authentik.bearer('alice');
});
afterAll(() => authentik.stop());
beforeEach(() => {
  ran.length = 0;
});
afterEach(async () => {
  await server?.app.close();
  server = undefined;
});

const call = async ({ origin }: StartedApp, path = '/mcp') =>
  request(origin)
    .post(path)
    .set({ ...alice, accept: 'application/json, text/event-stream' })
    .send({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'anyone', arguments: {} } });

const seen: string[] = [];

@Injectable()
class WatchingGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    seen.push(context.getType());
    return true;
  }
}

@Injectable()
class ClosedGuard implements CanActivate {
  canActivate(): boolean {
    throw new ForbiddenException('closed for today');
  }
}

/** As apps have them that judge every HTTP argument, and every answer. */
@Injectable()
class StrictPipe implements PipeTransform {
  transform(value: unknown, { type, metatype }: ArgumentMetadata): unknown {
    seen.push(`${type} ${metatype?.name}`);
    if (type === 'body' && metatype !== Object) throw new BadRequestException('strict');
    return value;
  }
}

@Injectable()
class WrappingInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return context.getType() === 'http' ? next.handle().pipe(map((data: unknown) => ({ data }))) : next.handle();
  }
}

@Catch()
class TeapotFilter implements ExceptionFilter {
  catch(error: Error, host: ArgumentsHost): unknown {
    if (host.getType() !== 'http') return throwError(() => error);
    host.switchToHttp().getResponse<{ status(code: number): { json(body: object): void } }>().status(418).json({
      short: 'stout',
    });
    return undefined;
  }
}

@Controller('open')
class OpenController {
  @Get() @Public() read() {
    return 'open';
  }

  @Get('closed') closed() {
    return 'closed';
  }
}

describe('guards of the app', () => {
  beforeEach(() => {
    seen.length = 0;
  });

  it('run for tools, on the HTTP pass and on the RPC pass', async () => {
    server = await startMcpApp(authentik, { providers: [{ provide: APP_GUARD, useClass: WatchingGuard }] });
    expect((await call(server)).status).toBe(200);
    expect(seen).toEqual(['http', 'rpc']);
  });

  it('run for tools when they are named after connectMcp()', async () => {
    server = await startMcpApp(authentik, {
      configure: (app) => {
        app.useGlobalGuards(new WatchingGuard());
      },
    });
    expect((await call(server)).status).toBe(200);
    expect(seen).toEqual(['http', 'rpc']);
  });

  it('may close the endpoint', async () => {
    server = await startMcpApp(authentik, { providers: [{ provide: APP_GUARD, useClass: ClosedGuard }] });
    const response = await call(server);
    expect(response.status).toBe(403);
    expect(response.body).toMatchObject({ jsonrpc: '2.0', error: { message: 'closed for today' } });
    expect(ran).toEqual([]);
  });

  it('of the module protect all but what is public, and tools still work', async () => {
    server = await startMcpApp(authentik, { globalGuards: true, controllers: [OpenController] });
    expect((await request(server.origin).get('/open')).status).toBe(200);
    expect((await request(server.origin).get('/open/closed')).status).toBe(401);
    expect((await request(server.origin).get('/open/closed').set(alice)).status).toBe(200);
    expect((await request(server.origin).post('/mcp')).status).toBe(401);
    expect((await call(server)).status).toBe(200);
  });
});

describe('the endpoint', () => {
  it('stays where clients were told, under a global prefix', async () => {
    server = await startMcpApp(authentik, {
      configure: (app) => {
        app.setGlobalPrefix('v1');
      },
    });
    expect((await call(server)).status).toBe(200);
    expect((await call(server, '/v1/mcp')).status).toBe(404);
  });

  it('stays there under URI versioning, with and without a prefix', async () => {
    server = await startMcpApp(authentik, {
      controllers: [OpenController],
      configure: (app) => {
        app.setGlobalPrefix('api');
        app.enableVersioning({ type: VersioningType.URI, defaultVersion: '3' });
      },
    });
    expect((await request(server.origin).get('/api/v3/open')).status).toBe(200);
    expect((await call(server)).status).toBe(200);
    for (const path of ['/v3/mcp', '/api/mcp', '/api/v3/mcp']) expect((await call(server, path)).status).toBe(404);
    const document = await request(server.origin).get('/.well-known/oauth-protected-resource/mcp');
    expect(document.body).toMatchObject({ resource: server.url });
  });

  it('says 401 and answers a preflight before any guard of the app', async () => {
    server = await startMcpApp(authentik, { providers: [{ provide: APP_GUARD, useClass: ClosedGuard }] });
    expect((await request(server.origin).post('/mcp')).status).toBe(401);
    const preflight = await request(server.origin).options('/mcp').set({ origin: server.origin });
    expect(preflight.status).toBe(204);
    const document = await request(server.origin).get('/.well-known/oauth-protected-resource/mcp');
    expect(document.status).toBe(200);
  });

  it('is not touched by a pipe of the app, which sees the arguments of the tool', async () => {
    seen.length = 0;
    server = await startMcpApp(authentik, { providers: [{ provide: APP_PIPE, useClass: StrictPipe }] });
    expect((await call(server)).status).toBe(200);
    expect(ran).toEqual(['anyone']);
    expect(seen).toContain('body Object');
  });

  it('is not wrapped by an interceptor of the app', async () => {
    server = await startMcpApp(authentik, { providers: [{ provide: APP_INTERCEPTOR, useClass: WrappingInterceptor }] });
    const response = await call(server);
    expect(response.body).toMatchObject({ jsonrpc: '2.0', id: 1, result: { content: [{ type: 'text' }] } });
  });

  it('leaves to a filter of the app what a guard of the app threw, and nothing of its own', async () => {
    server = await startMcpApp(authentik, {
      providers: [
        { provide: APP_GUARD, useClass: ClosedGuard },
        { provide: APP_FILTER, useClass: TeapotFilter },
      ],
    });
    const response = await call(server);
    expect(response.status).toBe(418);
    expect(response.body).toEqual({ short: 'stout' });
    const refused = await request(server.origin).post('/mcp');
    expect(refused.status).toBe(401);
    expect(refused.headers['www-authenticate']).toContain('resource_metadata=');
  });

  it('serves its own path, with its own metadata', async () => {
    server = await startMcpApp(authentik, { mcp: { path: '/tools/mcp' } });
    expect((await call(server, '/tools/mcp')).status).toBe(200);
    expect((await call(server, '/mcp')).status).toBe(404);
    const document = await request(server.origin).get('/.well-known/oauth-protected-resource/tools/mcp');
    expect(document.body).toMatchObject({ resource: server.url });
  });

  it('serves other host names when it is told to', async () => {
    server = await startMcpApp(authentik, { mcp: { allowedHosts: ['upstream.internal'] } });
    const asked = (host: string) =>
      request(server?.origin ?? '')
        .get('/mcp')
        .set({ host });
    expect((await asked('upstream.internal:8080')).status).toBe(401);
    expect((await asked('other.internal')).status).toBe(403);
  });
});

const create = async (imports: NonNullable<Parameters<typeof Test.createTestingModule>[0]['imports']>) =>
  (await Test.createTestingModule({ imports }).compile()).createNestApplication({ logger: false });

describe('connectMcp()', () => {
  it('says what is missing without AuthentikModule', async () => {
    const app = await create([]);
    await expect(connectMcp(app, { name: 'x', version: '1' })).rejects.toThrow('does not import AuthentikModule');
    await app.close();
  });

  it.each(['mcp', '/mcp/', '/', '', '/a?b'])('refuses %j, which is no path', async (path) => {
    const app = await create([]);
    await expect(connectMcp(app, { name: 'x', version: '1', path })).rejects.toThrow('is not one');
    await app.close();
  });

  it.each([
    ['sessions.max: 0', { max: 0 }],
    ['sessions.max: 1.5', { max: 1.5 }],
    ['sessions.max: NaN', { max: Number.NaN }],
    ['sessions.idleSeconds: 0', { idleSeconds: 0 }],
    ['sessions.idleSeconds: -1', { idleSeconds: -1 }],
    ['sessions.idleSeconds: Infinity', { idleSeconds: Infinity }],
  ])('refuses %s, with which no session could be kept', async (message, sessions) => {
    await expect(startMcpApp(authentik, { mcp: { sessions } })).rejects.toThrow(message);
  });

  it('comes too late once the app has started, and not twice for one path', async () => {
    server = await startMcpApp(authentik, {
      configure: async (app) => {
        await expect(connectMcp(app, { name: 'x', version: '1' })).rejects.toThrow('connected twice');
      },
    });
    await expect(connectMcp(server.app, { name: 'x', version: '1', path: '/x' })).rejects.toThrow('too late');
  });
});
