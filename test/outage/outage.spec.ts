import { Controller, Get, type INestApplication } from '@nestjs/common';
import { Authenticated } from 'nestjs-authentik';
import { type EmbeddedAuthentik, startEmbeddedAuthentik } from 'nestjs-authentik-testing';
import request from 'supertest';
import { afterEach, describe, expect, it, vi } from 'vitest';

import { freePort } from '../harness/free-port.js';
import { startRestApp } from '../harness/rest-app.js';
import { ran, type StartedApp, startMcpApp } from '../mcp/app.js';

let served = 0;

@Controller('reports')
class ReportsController {
  @Get() @Authenticated() list() {
    served += 1;
    return 'in';
  }
}

const stops: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).toReversed()) await stop();
});

const keep = <T>(value: T, stop: (value: T) => Promise<unknown>): T => {
  stops.push(() => stop(value));
  return value;
};
const up = async (port = 0) => keep(await startEmbeddedAuthentik({ port }), (authentik) => authentik.stop());
const rest = async (url: string) =>
  keep(await startRestApp(url, { controllers: [ReportsController] }), (app: INestApplication) => app.close());
const mcp = async (authentik: Pick<EmbeddedAuthentik, 'url'>) =>
  keep(await startMcpApp(authentik), ({ app }: StartedApp) => app.close());
const get = (app: INestApplication, headers: Record<string, string>) =>
  request(app.getHttpServer()).get('/reports').set(headers);

describe('Authentik away after the start, before the first token', () => {
  it('does not matter: its keys were read with the metadata', async () => {
    const authentik = await up();
    const headers = await authentik.bearer('alice');
    const app = await rest(authentik.url);
    expect(authentik.requestsTo('jwks').map(({ status }) => status)).toEqual([200]);
    await authentik.stop();
    served = 0;
    expect((await get(app, headers)).status).toBe(200);
    expect(served).toBe(1);
  });
});

describe('Authentik down at the start', () => {
  it('is 503 on a route and on MCP, never 401 and never let through; up again, it works without a restart', async () => {
    const port = await freePort();
    const url = `http://localhost:${port}`;
    // A token of the right form, from a server that was there before.
    const before = await startEmbeddedAuthentik({ port });
    const old = await before.bearer('alice');
    await before.stop();

    const app = await rest(url);
    const endpoint = await mcp({ url });
    served = 0;
    ran.length = 0;
    const response = await get(app, old);
    expect(response.status).toBe(503);
    expect(Number(response.headers['retry-after'])).toBeGreaterThanOrEqual(1);
    expect(response.headers['www-authenticate']).toBeUndefined();
    expect(response.headers['cache-control']).toBe('no-store');
    const refused = await request(endpoint.origin)
      .post('/mcp')
      .set(old)
      .send({ jsonrpc: '2.0', id: 1, method: 'tools/list' });
    expect(refused.status).toBe(503);
    expect(refused.headers['retry-after']).toBeDefined();
    expect(served).toBe(0);
    // What needs no Authentik to be refused is refused as ever.
    expect((await get(app, {})).status).toBe(401);
    expect((await get(app, { authorization: 'Bearer garbage' })).status).toBe(401);
    const metadata = await request(endpoint.origin).get('/.well-known/oauth-protected-resource/mcp');
    expect(metadata.status).toBe(200);

    const authentik = await up(port);
    const fresh = await authentik.bearer('alice');
    await vi.waitFor(async () => expect((await get(app, fresh)).status).toBe(200), { timeout: 15_000, interval: 100 });
    await vi.waitFor(
      async () => {
        const listed = await request(endpoint.origin)
          .post('/mcp')
          .set({ ...fresh, accept: 'application/json, text/event-stream' })
          .send({ jsonrpc: '2.0', id: 1, method: 'tools/list' });
        expect(listed.status).toBe(200);
      },
      { timeout: 15_000, interval: 100 },
    );
    expect(served).toBe(1);
  });

  it('is not knocked at once a request', async () => {
    const authentik = await up();
    await authentik.fault('error500');
    const app = await rest(authentik.url);
    const headers = await authentik.bearer('alice');
    const before = authentik.requests.length;
    const statuses = await Promise.all(Array.from({ length: 50 }, async () => (await get(app, headers)).status));
    expect(new Set(statuses)).toEqual(new Set([503]));
    // A few attempts may fall into the growing pauses of the run, but not one a request.
    expect(authentik.requests.length - before).toBeLessThan(10);
  });
});

describe('Authentik down later', () => {
  it('does not matter to keys that are known', async () => {
    const authentik = await up();
    const app = await rest(authentik.url);
    const headers = await authentik.bearer('alice');
    expect((await get(app, headers)).status).toBe(200);
    await authentik.fault('down');
    expect((await get(app, headers)).status).toBe(200);
  });
});

describe('an Authentik that answers strangely', () => {
  it.each(
    (['error500', 'garbage', 'drop'] as const).flatMap((fault) =>
      (['discovery', 'jwks'] as const).map((endpoint) => [fault, endpoint] as const),
    ),
  )('%s of %s is 503', async (fault, endpoint) => {
    const authentik = await up();
    const headers = await authentik.bearer('alice');
    await authentik.fault(fault, { endpoint });
    const app = await rest(authentik.url);
    served = 0;
    expect((await get(app, headers)).status).toBe(503);
    expect(served).toBe(0);
  });

  it('one without the application is 503', async () => {
    const authentik = await up();
    const app = keep(
      await startRestApp(authentik.url, {
        controllers: [ReportsController],
        options: { applicationSlug: 'nothing-here' },
      }),
      (started) => started.close(),
    );
    // A token that is right but for who issued it is refused before Authentik is asked.
    expect((await get(app, await authentik.bearer('alice'))).status).toBe(401);
  });
});
