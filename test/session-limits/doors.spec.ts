import type { INestApplication } from '@nestjs/common';
import { type EmbeddedAuthentik, startEmbeddedAuthentik } from 'nestjs-authentik-testing';
import request from 'supertest';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import { recordLog } from '../harness/log-lines.js';
import { startBrowserApp } from '../session-logout/app.js';

let authentik: EmbeddedAuthentik;
let app: INestApplication;
const { lines, logger } = recordLog();

beforeAll(async () => {
  authentik = await startEmbeddedAuthentik();
});
afterAll(() => authentik.stop());
afterEach(() => app.close());

const get = (path: string, accept = 'application/json') => request(app.getHttpServer()).get(path).set({ accept });

describe('one address', () => {
  it('begins so many sign-ins a minute, and reads then when it may go on', async () => {
    app = await startBrowserApp(authentik.url, { session: { maxLoginsPerMinute: 2 } }, logger);
    expect((await get('/auth/login')).status).toBeLessThan(400);
    expect((await get('/auth/login')).status).toBeLessThan(400);
    const program = await get('/auth/login').expect(429);
    expect(program.body).toMatchObject({ error: 'too_many_requests' });
    expect(Number(program.headers['retry-after'])).toBeGreaterThan(0);
    expect(program.headers['set-cookie']).toBeUndefined();
    const person = await get('/auth/login', 'text/html').expect(429);
    expect(person.headers['content-type']).toMatch(/^text\/html/u);
    expect(lines.some((line) => line.includes('429'))).toBe(true);
    // Each door by itself.
    expect((await get('/auth/callback?state=x&code=y')).status).not.toBe(429);
    await get('/auth/user').expect(401);
  });

  it('finishes so many', async () => {
    app = await startBrowserApp(authentik.url, { session: { maxCallbacksPerMinute: 1 } }, logger);
    expect((await get('/auth/callback?state=x&code=y')).status).not.toBe(429);
    await get('/auth/callback?state=x&code=y').expect(429);
    expect((await get('/auth/login')).status).toBeLessThan(400);
  });

  it('is not limited where the options say so', async () => {
    app = await startBrowserApp(
      authentik.url,
      { session: { maxLoginsPerMinute: 0, maxCallbacksPerMinute: 0 } },
      logger,
    );
    for (let attempt = 0; attempt < 70; attempt += 1) expect((await get('/auth/login')).status).toBeLessThan(400);
  });
});
