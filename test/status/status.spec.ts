import { Controller, Get, type INestApplication } from '@nestjs/common';
import { Authenticated, AuthentikStatus } from 'nestjs-authentik';
import { type EmbeddedAuthentik, startEmbeddedAuthentik } from 'nestjs-authentik-testing';
import request from 'supertest';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { letPass } from '../harness/let-pass.js';
import { startRestApp } from '../harness/rest-app.js';

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
    expect(status()).toEqual({ status: 'up' });
    expect(authentik.requests).toEqual([]);
    expect(await ask()).toBe(200);
    expect(status()).toEqual({ status: 'up' });
  });

  it('is down while no token can be judged, since then and why, and up again by the request that works', async () => {
    await authentik.fault('error500');
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
});
