import { Controller, Get, type INestApplication } from '@nestjs/common';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { AllowedGroups, Authenticated, type AuthentikUser, CurrentUser, ProhibitedGroups } from 'nestjs-authentik';
import { type EmbeddedAuthentik, startEmbeddedAuthentik } from 'nestjs-authentik-testing';
import request from 'supertest';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { startRestApp } from '../harness/rest-app.js';

@Controller('reports')
class ReportsController {
  @Get() @Authenticated() list(@CurrentUser() { kind, username }: AuthentikUser) {
    return { kind, username };
  }
  @Get('robots') @AllowedGroups('robots') robots() {
    return {};
  }
  @Get('people') @ProhibitedGroups('robots') people() {
    return {};
  }
}

/** A source that Authentik trusts, such as the CI of the company: it signs JWTs for its jobs with a key of its own. */
const source = await generateKeyPair('RS256');
const stranger = await generateKeyPair('RS256');
const kid = 'key-of-the-source';
const appPassword = 'app-password-of-the-robot';
let authentik: EmbeddedAuthentik;
let app: INestApplication;
beforeAll(async () => {
  authentik = await startEmbeddedAuthentik({
    users: [
      { username: 'robot', appPasswords: [appPassword], groups: ['robots'] },
      { username: 'temp', appPasswords: [appPassword] },
      { username: 'alice' },
    ],
    applications: [
      {
        slug: 'mcp-server',
        clientType: 'confidential',
        federatedProviders: ['partner'],
        federatedKeys: { keys: [{ ...(await exportJWK(source.publicKey)), kid, alg: 'RS256' }] },
      },
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

/** One form of the grant. */
async function grant(form: Record<string, string>, client = 0) {
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
  return { status: answer.status, token };
}

const ask = (token: string, path = '/reports') =>
  request(app.getHttpServer()).get(path).auth(token, { type: 'bearer' });

/** What Authentik says to one form of the grant, and what the app says to the token that comes of it. */
async function statusesOf(form: Record<string, string>, client = 0) {
  const { status: granted, token } = await grant(form, client);
  if (token === undefined) return { grant: granted };
  const { status, body } = await ask(token);
  return { grant: granted, status, username: (body as { username?: string }).username };
}

/** What the handlers for robots, and for all but robots, say. */
async function rightsOf(form: Record<string, string>) {
  const { token = '' } = await grant(form);
  return { robots: (await ask(token, '/reports/robots')).status, people: (await ask(token, '/reports/people')).status };
}

const asAssertion = (assertion: string) => ({
  client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
  client_assertion: assertion,
});
const assertionOf = async (application: string) =>
  asAssertion(await authentik.mintAccessToken({ user: 'alice', application }));
const jobOf = (key: typeof source.privateKey, name = kid) =>
  new SignJWT({ job: 'nightly' })
    .setProtectedHeader({ alg: 'RS256', kid: name })
    .setIssuer('https://ci.example.com')
    .setAudience('authentik')
    .setSubject('job-1')
    .setExpirationTime('5m')
    .sign(key);
const secretOf = (client: number) => ({ client_secret: authentik.applications[client]?.clientSecret ?? '' });
const both = (password: string) => ({ client_secret: Buffer.from(`robot:${password}`).toString('base64') });

describe('a machine token', () => {
  it('by the assertion of a trusted provider counts, and of another there is none', async () => {
    expect(await statusesOf(await assertionOf('partner'))).toEqual({ grant: 200, status: 200, username: 'alice' });
    expect(await statusesOf(await assertionOf('stranger'))).toEqual({ grant: 400 });
  });

  it('by the JWT of a trusted source counts, as the service account, and by that of a stranger there is none', async () => {
    expect(await statusesOf(asAssertion(await jobOf(source.privateKey)))).toEqual({
      grant: 200,
      status: 200,
      username: 'ak-mcp-server-client_credentials',
    });
    expect(await statusesOf(asAssertion(await jobOf(stranger.privateKey)))).toEqual({ grant: 400 });
    expect(await statusesOf(asAssertion(await jobOf(source.privateKey, 'another')))).toEqual({ grant: 400 });
  });

  it('by the JWT of a trusted source is one of Authentik: the JWT itself is refused here', async () => {
    expect((await ask(await jobOf(source.privateKey))).status).toBe(401);
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

describe('the groups that a machine token has', () => {
  it('are those of the account behind an app password', async () => {
    expect(await rightsOf({ username: 'robot', password: appPassword })).toEqual({ robots: 200, people: 403 });
    expect(await rightsOf(both(appPassword))).toEqual({ robots: 200, people: 403 });
    expect(await rightsOf({ username: 'temp', password: appPassword })).toEqual({ robots: 403, people: 200 });
  });

  it('are none where it comes of the secret or of a source: what asks for a group refuses', async () => {
    expect(await rightsOf(secretOf(0))).toEqual({ robots: 403, people: 200 });
    expect(await rightsOf(asAssertion(await jobOf(source.privateKey)))).toEqual({ robots: 403, people: 200 });
  });

  it('are those of the person whose token was the assertion', async () => {
    authentik.setGroups('alice', ['robots']);
    expect(await rightsOf(await assertionOf('partner'))).toEqual({ robots: 200, people: 403 });
    authentik.setGroups('alice', []);
    expect(await rightsOf(await assertionOf('partner'))).toEqual({ robots: 403, people: 200 });
  });

  it('are not known of a token without the scope profile: no group admits it, and no prohibition lets it pass', async () => {
    const refused = { robots: 403, people: 403 };
    for (const scope of ['openid', '']) {
      expect(await rightsOf({ username: 'robot', password: appPassword, scope })).toEqual(refused);
      expect(await rightsOf({ ...secretOf(0), scope })).toEqual(refused);
    }
  });
});
