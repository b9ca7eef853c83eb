import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

import { Controller, Get, type INestApplication } from '@nestjs/common';
import { Authenticated, AuthentikStatus } from 'nestjs-authentik';
import { type EmbeddedAuthentik, startEmbeddedAuthentik } from 'nestjs-authentik-testing';
import request from 'supertest';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { letPass } from '../harness/let-pass.js';
import { recordLog } from '../harness/log-lines.js';
import { createRestApp, startRestApp } from '../harness/rest-app.js';

@Controller('reports')
class ReportsController {
  @Get() @Authenticated() list() {
    return 'in';
  }
}

let authentik: EmbeddedAuthentik;
let app: INestApplication;
beforeEach(async () => {
  authentik = await startEmbeddedAuthentik();
  app = await startRestApp(authentik.url, { controllers: [ReportsController] });
});
afterEach(async () => {
  await app.close();
  await authentik.stop();
});

const status = () => app.get(AuthentikStatus).current;
const ask = async () =>
  (
    await request(app.getHttpServer())
      .get('/reports')
      .set(await authentik.bearer('alice'))
  ).status;

describe('AuthentikStatus', () => {
  it('asks nobody, and is up while nothing speaks against it', async () => {
    for (let index = 0; index < 5; index += 1) expect(status()).toEqual({ status: 'up' });
    // Those of the start.
    expect(authentik.requests.map(({ endpoint }) => endpoint)).toEqual(['discovery', 'jwks']);
    expect(await ask()).toBe(200);
    expect(status()).toEqual({ status: 'up' });
  });

  it('is down while no token can be judged, since then and why, and up again by the request that works', async () => {
    await app.close();
    const options = { tokens: { staleKeysSeconds: 0 } };
    app = await startRestApp(authentik.url, { controllers: [ReportsController], options });
    await authentik.fault('error500');
    // What the start has read of keys counts no more.
    letPass(6 * 60 * 1000);
    const before = new Date();
    expect(await ask()).toBe(503);
    const { status: word, reason, since } = status();
    expect(word).toBe('down');
    expect(reason).not.toBe('');
    expect(since?.getTime()).toBeGreaterThanOrEqual(before.getTime());
    expect(status().since).toEqual(since);
    await authentik.clearFaults();
    await vi.waitUntil(async () => (await ask()) === 200, { timeout: 10_000, interval: 100 });
    expect(status()).toEqual({ status: 'up' });
  });

  it('is degraded while known keys serve on', async () => {
    expect(await ask()).toBe(200);
    await authentik.fault('error500');
    // The keys are due to be read again after five minutes.
    letPass(6 * 60 * 1000);
    expect(await ask()).toBe(200);
    await vi.waitUntil(() => status().status !== 'up', { timeout: 5_000, interval: 20 });
    expect(status()).toMatchObject({ status: 'degraded', reason: expect.stringContaining('500') as unknown });
    expect(await ask()).toBe(200);
  });

  it('is down from the start where a url is wrong, and up by itself as soon as it is not', async () => {
    await app.close();
    await authentik.fault('error500');
    const { lines, logger } = recordLog('Authentik');
    app = await startRestApp(authentik.url, { controllers: [ReportsController], logger });
    expect(status()).toMatchObject({ status: 'down', reason: expect.stringContaining('500') as unknown });
    expect(lines).toEqual([expect.stringMatching(/cannot be used now: its metadata was answered with 500$/u)]);
    await authentik.clearFaults();
    // No request of anybody.
    await vi.waitFor(() => expect(status()).toEqual({ status: 'up' }), { timeout: 10_000, interval: 20 });
    expect(lines.slice(1)).toEqual([expect.stringMatching(/can be used again\.$/u)]);
  });

  it('keeps no app from ending: a first call that hangs is given up, without a word', async () => {
    await app.close();
    const provider = createServer(() => undefined).listen(0, '127.0.0.1');
    await once(provider, 'listening');
    const { lines, logger } = recordLog('Authentik');
    const asked = once(provider, 'request');
    const { port } = provider.address() as AddressInfo;
    app = await createRestApp(`http://127.0.0.1:${port}`, { controllers: [ReportsController], logger });
    const [incoming] = (await asked) as [IncomingMessage];
    const gone = once(incoming.socket, 'close');
    await app.close();
    await gone;
    expect(lines).toEqual([]);
    provider.close();
  });
});
