import type { INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { type EmbeddedAuthentik, startEmbeddedAuthentik } from 'nestjs-authentik-testing';
import request from 'supertest';
import { afterAll, beforeAll, expect, it } from 'vitest';

import { AppModule } from '../src/app.module.js';

let authentik: EmbeddedAuthentik;
let app: INestApplication;

beforeAll(async () => {
  authentik = await startEmbeddedAuthentik({ applications: [{ slug: 'reports', clientId: 'reports-api' }] });
  process.env['AUTHENTIK_URL'] = authentik.url;
  process.env['AUTHENTIK_APPLICATION_SLUG'] = 'reports';
  process.env['AUTHENTIK_CLIENT_ID'] = 'reports-api';
  process.env['AUTHENTIK_PUBLIC_URL'] = 'http://localhost:3000';
  app = (await Test.createTestingModule({ imports: [AppModule] }).compile()).createNestApplication();
  await app.init();
});
afterAll(async () => {
  await app?.close();
  await authentik?.stop();
});

const reports = () => request(app.getHttpServer()).get('/reports');

it('serves who is in the group', async () => {
  const { body } = await reports()
    .set(await authentik.bearer('alice'))
    .expect(200);
  expect(body).toEqual({ reports: [], for: 'alice' });
});

it('refuses who is not', async () => {
  await reports()
    .set(await authentik.bearer('bob'))
    .expect(403);
});

it('asks for a token where there is none, and takes none that is expired', async () => {
  await reports().expect(401);
  const expired = await authentik.mintBroken({ kind: 'expired', user: 'alice' });
  await reports().set('authorization', `Bearer ${expired}`).expect(401);
});

it('serves on while Authentik is down, for it knows the keys', async () => {
  await authentik.fault('down');
  await reports()
    .set(await authentik.bearer('alice'))
    .expect(200);
  await authentik.clearFaults();
});
