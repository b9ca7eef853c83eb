import type { INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { type EmbeddedAuthentik, startEmbeddedAuthentik, withEmbeddedAuthentik } from 'nestjs-authentik-testing';
import request from 'supertest';
import { afterAll, beforeAll, expect, it } from 'vitest';

import { AppModule } from '../src/app.module.js';

let authentik: EmbeddedAuthentik;
let app: INestApplication;

beforeAll(async () => {
  authentik = await startEmbeddedAuthentik({ applications: [{ slug: 'reports', clientId: 'reports-api' }] });
  const builder = await withEmbeddedAuthentik(Test.createTestingModule({ imports: [AppModule] }), { authentik });
  app = await (await builder.compile()).createNestApplication().init();
});
afterAll(async () => {
  await app?.close();
  await authentik?.stop();
});

const reports = () => request(app.getHttpServer()).get('/reports');

it('serves by name', async () => {
  const { body } = await reports()
    .set(await authentik.bearer('alice'))
    .expect(200);
  expect(body).toEqual({ reports: [], for: 'alice' });
  await reports()
    .set(await authentik.bearer('bob'))
    .expect(403);
});

it('takes no token that is expired, for another client, or signed by somebody else', async () => {
  for (const kind of ['expired', 'otherAudience', 'unknownKey'] as const) {
    const token = await authentik.mintBroken({ kind, user: 'alice' });
    await reports().set('authorization', `Bearer ${token}`).expect(401);
  }
});

it('serves on while Authentik is down, for it knows the keys', async () => {
  await authentik.fault('down');
  await reports()
    .set(await authentik.bearer('alice'))
    .expect(200);
  await authentik.clearFaults();
});

it('asks Authentik for its keys once', async () => {
  authentik.clearRequests();
  for (const username of ['alice', 'bob', 'alice']) await reports().set(await authentik.bearer(username));
  expect(authentik.requestsTo('jwks')).toEqual([]);
});
