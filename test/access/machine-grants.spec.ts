import { Controller, Get, type INestApplication } from '@nestjs/common';
import { Authenticated, type AuthentikUser, CurrentUser } from 'nestjs-authentik';
import { type EmbeddedAuthentik, startEmbeddedAuthentik } from 'nestjs-authentik-testing';
import request from 'supertest';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { startRestApp } from '../harness/rest-app.js';

@Controller('reports')
class ReportsController {
  @Get() @Authenticated() list(@CurrentUser() { kind, username }: AuthentikUser) {
    return { kind, username };
  }
}

const appPassword = 'app-password-of-the-robot';
let authentik: EmbeddedAuthentik;
let app: INestApplication;
beforeAll(async () => {
  authentik = await startEmbeddedAuthentik({
    users: [{ username: 'robot', appPasswords: [appPassword] }, { username: 'alice' }],
    applications: [
      { slug: 'mcp-server', clientType: 'confidential', federatedProviders: ['partner'] },
      { slug: 'partner', clientId: 'partner', clientType: 'confidential' },
      { slug: 'stranger', clientId: 'stranger', clientType: 'confidential' },
    ],
  });
  app = await startRestApp(authentik.url, { controllers: [ReportsController] });
});
afterAll(async () => {
  await app.close();
  await authentik.stop();
});

/** What Authentik says to one form of the grant, and what the app says to the token that comes of it. */
async function statusesOf(form: Record<string, string>, client = 0) {
  const { clientId = '' } = authentik.applications[client] ?? {};
  const answer = await fetch(`${authentik.url}/application/o/token/`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: clientId,
      scope: 'openid profile',
      ...form,
    }),
  });
  const { access_token: token } = (await answer.json()) as { access_token?: string };
  if (token === undefined) return { grant: answer.status };
  const { status, body } = await request(app.getHttpServer()).get('/reports').auth(token, { type: 'bearer' });
  return { grant: answer.status, status, username: (body as { username?: string }).username };
}

const assertionOf = async (application: string) => ({
  client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
  client_assertion: await authentik.mintAccessToken({ user: 'alice', application }),
});
const secretOf = (client: number) => ({ client_secret: authentik.applications[client]?.clientSecret ?? '' });
const both = (password: string) => ({ client_secret: Buffer.from(`robot:${password}`).toString('base64') });

describe('a machine token', () => {
  it('by the assertion of a trusted provider counts, and of another there is none', async () => {
    expect(await statusesOf(await assertionOf('partner'))).toEqual({ grant: 200, status: 200, username: 'alice' });
    expect(await statusesOf(await assertionOf('stranger'))).toEqual({ grant: 400 });
  });

  it('by an app password counts, and by the password of the account there is none', async () => {
    const username = 'robot';
    expect(await statusesOf({ username, password: appPassword })).toEqual({ grant: 200, status: 200, username });
    expect(await statusesOf({ username, password: authentik.password })).toEqual({ grant: 400 });
  });

  it('by the client secret counts, and by another secret there is none', async () => {
    expect(await statusesOf(secretOf(0))).toMatchObject({ grant: 200, status: 200 });
    expect(await statusesOf(secretOf(1))).toEqual({ grant: 400 });
  });

  it('by name and app password as the secret counts, and by a wrong one there is none', async () => {
    expect(await statusesOf(both(appPassword))).toEqual({ grant: 200, status: 200, username: 'robot' });
    expect(await statusesOf(both('another'))).toEqual({ grant: 400 });
  });

  it('that another application got is refused here, in every form', async () => {
    const refused = { grant: 200, status: 401 };
    expect(await statusesOf(secretOf(1), 1)).toMatchObject(refused);
    expect(await statusesOf({ username: 'robot', password: appPassword }, 1)).toMatchObject(refused);
    expect(await statusesOf(both(appPassword), 1)).toMatchObject(refused);
  });
});
