import { randomUUID } from 'node:crypto';

import { Controller, Get, type INestApplication, Req, UnauthorizedException } from '@nestjs/common';
import type { Request, Response } from 'express';
import { AuthentikError, AuthentikTokenService, TokenVerificationError } from 'nestjs-authentik';
import { type EmbeddedAuthentik, loginAs, startEmbeddedAuthentik } from 'nestjs-authentik-testing';
import request from 'supertest';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { startRestApp } from '../harness/rest-app.js';
import { postLogoutToken, startBrowserApp } from '../session-logout/app.js';

/** Handlers that no guard stands before. */
@Controller()
class Unguarded {
  constructor(private readonly tokens: AuthentikTokenService) {}

  @Get('plain') async plain(@Req() incoming: Request) {
    const { username, credential } = await this.tokens.authenticate(incoming);
    return { username, credential };
  }

  @Get('tokens-only') tokensOnly(@Req() incoming: Request) {
    return this.tokens.authenticate(incoming, { acceptedCredentials: ['bearer'] }).then(
      ({ username }) => ({ username }),
      (error: unknown) => {
        throw new UnauthorizedException(undefined, { cause: error });
      },
    );
  }
}

let authentik: EmbeddedAuthentik;
let app: INestApplication;

/** A plain Express handler, which no guard stands before. */
function plainHandler(path: string) {
  return (nest: INestApplication) =>
    nest.use(path, (incoming: Request, outgoing: Response) => {
      nest
        .get(AuthentikTokenService)
        .authenticate(incoming)
        .then(
          ({ username, credential }) => outgoing.json({ username, credential }),
          (error: unknown) =>
            outgoing.status(418).json({ code: error instanceof AuthentikError ? error.code : String(error) }),
        );
    });
}

beforeEach(async () => {
  authentik = await startEmbeddedAuthentik({
    applications: [{ slug: 'mcp-server', clientId: 'mcp-server', clientType: 'public' }],
  });
});
afterEach(async () => {
  await app?.close();
  await authentik.stop();
});

describe('authenticate(request), where no guard stands', () => {
  it('finds who sent a token, and says of each other request what is wrong', async () => {
    app = await startBrowserApp(authentik.url, { allowedGroups: ['engineering'] }, undefined, plainHandler('/plain'));
    const plain = () => request(app.getHttpServer()).get('/plain');
    const alice = await plain()
      .set(await authentik.bearer('alice'))
      .expect(200);
    expect(alice.body).toEqual({ username: 'alice', credential: 'bearer' });
    const codes = await Promise.all([
      plain(),
      plain().set('authorization', 'Bearer one two'),
      plain().set('authorization', `Bearer ${await authentik.mintBroken({ kind: 'expired', user: 'alice' })}`),
      // Not in the groups that the whole app is for.
      plain().set(await authentik.bearer('bob')),
    ]);
    expect(codes.map(({ status, body }) => [status, (body as { code: string }).code])).toEqual([
      [418, 'ERR_AUTHENTIK_UNAUTHENTICATED'],
      [418, 'ERR_AUTHENTIK_MALFORMED_CREDENTIAL'],
      [418, 'ERR_AUTHENTIK_TOKEN_VERIFICATION'],
      [418, 'ERR_AUTHENTIK_GROUP_REQUIRED'],
    ]);
  });

  it('takes the session of a browser as well, unless only tokens count', async () => {
    app = await startRestApp(authentik.url, {
      controllers: [Unguarded],
      options: { session: { secrets: ['a secret of more than 32 characters'] } },
      extras: { features: ['bearer', 'session', 'wellKnown'] },
    });
    const agent = request.agent(app.getHttpServer());
    await loginAs(agent, 'alice', { authentik });
    const { body } = await agent.get('/plain').expect(200);
    expect(body).toEqual({ username: 'alice', credential: 'session' });
    await agent.get('/tokens-only').expect(401);
    await agent
      .get('/tokens-only')
      .set(await authentik.bearer('alice'))
      .expect(200);
  });
});

describe('verifyToken(accessToken, options)', () => {
  it('asks for more where the caller does, and never for less', async () => {
    app = await startBrowserApp(authentik.url);
    const tokens = app.get(AuthentikTokenService);
    const accessToken = await authentik.mintAccessToken({ user: 'alice' });
    expect((await tokens.verifyToken(accessToken, { audience: 'mcp-server' })).username).toBe('alice');
    await expect(tokens.verifyToken(accessToken, { audience: 'another' })).rejects.toMatchObject({
      reason: 'audience',
    });
    // Within the tolerance of the module, which is 30 seconds.
    const late = await authentik.mintAccessToken({ user: 'alice', expiresInSeconds: -10 });
    expect((await tokens.verifyToken(late)).username).toBe('alice');
    expect((await tokens.verifyToken(late, { clockToleranceSeconds: 20 })).username).toBe('alice');
    await expect(tokens.verifyToken(late, { clockToleranceSeconds: 0 })).rejects.toThrow(TokenVerificationError);
    const later = await authentik.mintAccessToken({ user: 'alice', expiresInSeconds: -60 });
    expect(await tokens.tryVerifyToken(later, { clockToleranceSeconds: 300 })).toBeNull();
  });
});

const logoutToken = (more: object) =>
  authentik.mintAccessToken({
    user: 'alice',
    claims: {
      jti: randomUUID(),
      events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
      nonce: undefined,
      ...more,
    },
  });
const me = (accessToken: string) =>
  request(app.getHttpServer()).get('/me').set('authorization', `Bearer ${accessToken}`);

describe('a back-channel logout', () => {
  it('makes the access tokens of that Authentik session useless, remembered or not, and no others', async () => {
    app = await startBrowserApp(authentik.url);
    const [ofSession, remembered, other] = await Promise.all(
      ['one', 'one', 'two'].map((sid) => authentik.mintAccessToken({ user: 'alice', claims: { sid } })),
    );
    await me(remembered ?? '').expect(200);
    await me(other ?? '').expect(200);
    await postLogoutToken(app, await logoutToken({ sid: 'one' })).expect(200);
    await me(ofSession ?? '').expect(401);
    await me(remembered ?? '').expect(401);
    await me(other ?? '').expect(200);
  });

  it("makes all that the person has useless where it names no session, and nobody else's", async () => {
    app = await startBrowserApp(authentik.url);
    const alice = await authentik.mintAccessToken({ user: 'alice' });
    const bob = await authentik.mintAccessToken({ user: 'bob' });
    await me(alice).expect(200);
    await postLogoutToken(app, await logoutToken({ sid: undefined })).expect(200);
    await me(alice).expect(401);
    await me(bob).expect(200);
  });

  it('ends a session whose sign-in it met half way, and none that it does not name', async () => {
    let named: string | undefined;
    app = await startBrowserApp(authentik.url, {
      onLogin: async ({ sessionId }) => {
        await postLogoutToken(app, await logoutToken({ sid: named ?? sessionId })).expect(200);
      },
    });
    const agent = request.agent(app.getHttpServer());
    await loginAs(agent, 'alice', { authentik });
    await agent.get('/me').expect(401);
    named = 'another';
    const other = request.agent(app.getHttpServer());
    await loginAs(other, 'alice', { authentik });
    await other.get('/me').expect(200);
  });
});
