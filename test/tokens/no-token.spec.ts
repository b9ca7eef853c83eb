import { inspect } from 'node:util';

import { Controller, Get, Inject, type INestApplication } from '@nestjs/common';
import { AuthentikTokenService, TokenGrantError, TokenVerificationError } from 'nestjs-authentik';
import { type EmbeddedAuthentik, startEmbeddedAuthentik } from 'nestjs-authentik-testing';
import request from 'supertest';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { startRestApp } from '../harness/rest-app.js';

const clientSecret = 'Xq7tR2vK9wL4mN8pB3cF6hJ1sD5gZ0yA';

let authentik: EmbeddedAuthentik;
let app: INestApplication;
let tokens: AuthentikTokenService;
let accessToken: string;

let instead: string;

@Controller('instead')
class Instead {
  constructor(@Inject(AuthentikTokenService) private readonly service: AuthentikTokenService) {}

  @Get() whose() {
    return this.service.verifyToken(instead);
  }
}

const failureOf = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );

/** What callers in plain JavaScript give for a token, and what the error has to say of it. */
const givenInstead: [string, () => unknown, RegExp][] = [
  ['nothing', () => undefined, /and undefined was given/u],
  ['null', () => null, /and null was given/u],
  ['an object', () => ({ accessToken }), /and object was given/u],
  ['a list', () => [accessToken], /and object was given/u],
  ['bytes', () => Buffer.from(accessToken), /and object was given/u],
  ['an empty string', () => '', /and an empty one was given/u],
  ['the whole header', () => `Bearer ${accessToken}`, /the token alone, without "Bearer"/u],
  ['the header of an opaque token', () => 'bearer opaque', /the token alone, without "Bearer"/u],
];

describe.each(['public', 'confidential'] as const)('a %s client that gives no token', (clientType) => {
  beforeAll(async () => {
    authentik = await startEmbeddedAuthentik({ applications: [{ slug: 'mcp-server', clientType, clientSecret }] });
    app = await startRestApp(authentik.url, {
      controllers: [Instead],
      options: { ...(clientType === 'confidential' && { clientSecret }) },
    });
    tokens = app.get(AuthentikTokenService);
    accessToken = await authentik.mintAccessToken({ user: 'alice' });
    // Something is remembered, and something is revoked: both are asked before the form is looked at.
    await tokens.verifyToken(accessToken);
    await tokens.revokeToken(await authentik.mintAccessToken({ user: 'bob' }));
  });
  afterAll(async () => {
    await app.close();
    await authentik.stop();
  });

  describe.each(givenInstead)('but %s', (_what, make, says) => {
    it('is told what was expected, and the wire shows what it shows of every bad token', async () => {
      const given = make() as string;
      const refused = await failureOf(tokens.verifyToken(given));
      expect(refused).toBeInstanceOf(TokenVerificationError);
      expect(refused).toMatchObject({ reason: 'malformed', message: expect.stringMatching(says) as unknown });
      expect(inspect(refused, { depth: null, showHidden: true })).not.toContain(accessToken);
      instead = given;
      await request(app.getHttpServer())
        .get('/instead')
        .expect(401)
        .expect(({ body }) => expect(body).toMatchObject({ error_description: 'The access token is not valid here' }));
      expect(await tokens.tryVerifyToken(given)).toBeNull();
    });

    it('sends nothing to Authentik', async () => {
      const given = make() as string;
      const before = authentik.requests.length;
      for (const call of [
        () => tokens.introspectToken(given),
        () => tokens.revokeToken(given),
        () => tokens.revokeToken(given, 'refresh_token'),
        () => tokens.refreshToken(given),
        () => tokens.exchangeToken({ subjectToken: given, audience: 'upstream', scopes: [] }),
      ]) {
        const refused = await failureOf(call());
        expect(refused).toBeInstanceOf(TokenGrantError);
        expect(refused).toMatchObject({
          reason: 'invalid_request',
          isGrantEnded: false,
          message: expect.stringMatching(says) as unknown,
        });
      }
      const refused = await failureOf(tokens.fetchUserInfo(given));
      expect(refused).toBeInstanceOf(TokenVerificationError);
      expect(refused).toMatchObject({ reason: 'malformed', message: expect.stringMatching(says) as unknown });
      expect(authentik.requests.slice(before)).toEqual([]);
    });
  });

  it('leaves the token itself as it was', async () => {
    expect((await tokens.verifyToken(accessToken)).username).toBe('alice');
  });
});
