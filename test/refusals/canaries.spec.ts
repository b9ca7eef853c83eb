import { inspect } from 'node:util';

import { Controller, Get, Logger, Query } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { Authenticated, AuthentikConfigError, AuthentikModule, AuthentikTokenService, Public } from 'nestjs-authentik';
import { startEmbeddedAuthentik } from 'nestjs-authentik-testing';
import request from 'supertest';
import { afterEach, describe, expect, it } from 'vitest';

import { forgive, leaked } from '../harness/canaries.js';
import { recordLog } from '../harness/log-lines.js';
import { mcpClients } from '../harness/mcp-clients.js';
import { startRestApp } from '../harness/rest-app.js';
import { startMcpApp } from '../mcp/app.js';

@Controller()
class ReportsController {
  constructor(private readonly tokens: AuthentikTokenService) {}

  @Get('reports') @Authenticated() list() {
    return 'in';
  }
  @Get('verify') @Public() verify(@Query('token') token: string) {
    return this.tokens.verifyToken(token);
  }
  @Get('logs') @Public() logs(@Query('token') token: string) {
    new Logger('App').log(`somebody sent ${token}`);
    return 'done';
  }
  @Get('echo') @Public() echo(@Query('token') token: string) {
    return { token };
  }
}

const kinds = [
  'garbage',
  'algNone',
  'hs256WithPublicKey',
  'otherIssuer',
  'otherAudience',
  'idToken',
  'expired',
] as const;
const more = ['notYetValid', 'badSignature', 'unknownKey'] as const;

afterEach(() => forgive());

describe('secrets', () => {
  it('come out nowhere, however much is logged and whatever goes wrong', async () => {
    const authentik = await startEmbeddedAuthentik({
      applications: [{ slug: 'mcp-server', clientType: 'confidential' }],
    });
    const clientSecret = authentik.applications[0]?.clientSecret ?? '';
    const { lines, logger } = recordLog();
    const options = { logLevel: 'verbose', clientSecret, tokens: { validation: 'local+introspect' } } as const;
    const mcp = await startMcpApp(authentik, { options });
    const app = await startRestApp(authentik.url, { controllers: [ReportsController], options, logger });
    const server = app.getHttpServer();
    const ask = (token: string) => request(server).get('/reports').auth(token, { type: 'bearer' });

    for (const kind of mcpClients) {
      const token = await authentik.mintAccessToken({ user: 'alice' });
      const client = await kind.connectWithToken(mcp.url, token);
      await client.listTools();
      await client.close();
    }
    for (const kind of [...kinds, ...more]) {
      const token = await authentik.mintBroken({ kind, user: 'alice' });
      expect((await ask(token)).status).toBe(401);
      expect((await request(server).get('/verify').query({ token })).status).toBe(401);
      const error: unknown = await app
        .get(AuthentikTokenService)
        .verifyToken(token)
        .catch((reason: unknown) => reason);
      for (const shown of [inspect(error, { depth: null }), JSON.stringify(error), String(error)]) {
        if (token.length > 40) expect(shown).not.toContain(token);
      }
    }
    const token = await authentik.mintAccessToken({ user: 'alice' });
    expect((await ask(token)).status).toBe(200);
    await authentik.fault('error500');
    expect((await ask(await authentik.mintAccessToken({ user: 'bob' }))).status).toBe(503);

    const failure: unknown = await Test.createTestingModule({
      imports: [AuthentikModule.forRoot({ url: 'x', applicationSlug: '', clientId: '', publicUrl: '', clientSecret })],
    })
      .compile()
      .catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(AuthentikConfigError);
    expect(inspect(failure, { depth: null })).not.toContain(clientSecret);
    expect(lines.length).toBeGreaterThan(20);
    expect(lines.join('\n')).not.toContain(clientSecret);
    expect(leaked()).toEqual([]);
    await app.close();
    await mcp.app.close();
    await authentik.stop();
  });

  it('are missed by nothing: an app that logs or echoes one is caught', async () => {
    const authentik = await startEmbeddedAuthentik();
    const app = await startRestApp(authentik.url, { controllers: [ReportsController], logger: recordLog().logger });
    const token = await authentik.mintAccessToken({ user: 'alice' });
    await request(app.getHttpServer()).get('/logs').query({ token });
    expect(leaked()).toEqual(['token in a log']);
    forgive();
    await request(app.getHttpServer()).get('/echo').query({ token });
    expect(leaked()).toEqual(['token in an answer to GET /echo']);
    await app.close();
    await authentik.stop();
  });
});
