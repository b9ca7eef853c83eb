import { Controller, Get, type INestApplication } from '@nestjs/common';
import { Authenticated, AuthentikTokenService } from 'nestjs-authentik';
import { BROKEN_KINDS, type EmbeddedAuthentik, startEmbeddedAuthentik } from 'nestjs-authentik-testing';
import { createRemoteJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose';
import request from 'supertest';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { startRestApp } from '../harness/rest-app.js';

@Controller()
class Handler {
  @Get() @Authenticated() get() {
    return {};
  }
}

const applications = (['RS256', 'ES256'] as const).map((signing) => ({ slug: signing.toLowerCase(), signing }));
let authentik: EmbeddedAuthentik;
const apps = new Map<string, INestApplication>();
beforeAll(async () => {
  authentik = await startEmbeddedAuthentik({ applications });
  for (const { slug } of applications) {
    const options = { applicationSlug: slug, clientId: slug };
    apps.set(slug, await startRestApp(authentik.url, { controllers: [Handler], options }));
  }
});
afterAll(async () => {
  await Promise.all([...apps.values()].map((app) => app.close()));
  await authentik.stop();
});

describe.each(applications)('a token signed with $signing', ({ slug, signing }) => {
  const statusOf = async (token: string) => {
    const { status } = await request(apps.get(slug)?.getHttpServer()).get('/').auth(token, { type: 'bearer' });
    return status;
  };

  it('that is sound is served, and verifies with the published keys', async () => {
    const token = await authentik.mintAccessToken({ user: 'alice', application: slug });
    expect(await statusOf(token)).toBe(200);
    expect(decodeProtectedHeader(token).alg).toBe(signing);
    const keys = createRemoteJWKSet(new URL(`${authentik.issuer(slug)}jwks/`));
    await expect(jwtVerify(token, keys, { issuer: authentik.issuer(slug), audience: slug })).resolves.toBeDefined();
  });

  it.each(BROKEN_KINDS)('that is wrong in the way of %s is refused', async (kind) => {
    const token = await authentik.mintBroken({ kind, user: 'alice', application: slug });
    // Longer than Node takes as a header: the app does not even see it.
    expect(await statusOf(token)).toBe(kind === 'huge' ? 431 : 401);
    const verified = apps.get(slug)?.get(AuthentikTokenService).verifyToken(token);
    await expect(verified).rejects.toMatchObject({ name: expect.stringMatching(/Error$/) as unknown });
  });
});

describe('mintAccessToken', () => {
  it('takes user, client, scopes, life and claims, and takes away what is undefined', async () => {
    const token = await authentik.mintAccessToken({
      user: 'bob',
      clientId: 'es256',
      scopes: ['openid', 'profile'],
      expiresInSeconds: 60,
      claims: { tenant: 'north', nickname: undefined },
    });
    const claims = decodeJwt(token);
    expect(claims).toMatchObject({
      aud: 'es256',
      preferred_username: 'bob',
      scope: 'openid profile',
      tenant: 'north',
    });
    expect(claims).not.toHaveProperty('nickname');
    expect((claims.exp ?? 0) - (claims.iat ?? 0)).toBe(60);
  });

  it('is known to Authentik like one of a login', async () => {
    const headers = { authorization: `Bearer ${await authentik.mintAccessToken({ user: 'alice' })}` };
    const answer = await fetch(`${authentik.url}/application/o/userinfo/`, { headers });
    expect(await answer.json()).toMatchObject({ preferred_username: 'alice' });
  });

  it.each([
    [{ user: 'zoe' }, "There is no user 'zoe'. Known: alice, bob, root, mallory."],
    [{ user: 'alice', application: 'nothing' }, "There is no application 'nothing'. Known: rs256, es256."],
    [{ user: 'alice', clientId: 'nothing' }, "There is no client 'nothing'. Known: rs256, es256."],
  ])('says what there is instead of %o', async (options, message) => {
    await expect(authentik.mintAccessToken(options)).rejects.toThrow(message);
  });
});
