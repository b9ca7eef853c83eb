import { Controller, Get, type INestApplication } from '@nestjs/common';
import * as fc from 'fast-check';
import {
  AllowedGroups,
  Authenticated,
  type AuthentikOptions,
  AuthentikTokenService,
  type AuthentikUser,
  CurrentUser,
  RequiredScopes,
  TokenVerificationError,
} from 'nestjs-authentik';
import { BROKEN_KINDS, type EmbeddedAuthentik, startEmbeddedAuthentik } from 'nestjs-authentik-testing';
import request from 'supertest';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';

import { recordLog } from '../harness/log-lines.js';
import { startRestApp } from '../harness/rest-app.js';

@Controller()
class Handlers {
  @Get('me') @Authenticated() me(@CurrentUser() user: AuthentikUser) {
    return user;
  }
  @Get('scoped') @RequiredScopes('profile') scoped() {
    return {};
  }
  @Get('team') @AllowedGroups('engineering') team() {
    return {};
  }
}

const claimsOfATrustedToken = {
  iss: 'x',
  aud: 'mcp-server',
  azp: 'mcp-server',
  uid: 'x',
  sid: 'x',
  jti: 'x',
  iat: 1,
  exp: 9e9,
  scope: 'openid profile',
  client_id: 'mcp-server',
};
const opaque = 'n0tKn0wnT0Anyb0dy'.repeat(4);
let authentik: EmbeddedAuthentik;
let app: INestApplication | undefined;
beforeAll(async () => {
  authentik = await startEmbeddedAuthentik({
    applications: [
      { slug: 'mcp-server' },
      { slug: 'sealed', encrypted: true },
      {
        slug: 'bent',
        encrypted: true,
        scopeMappings: {
          profile: {
            preferred_username: 'ak-mcp-server-client_credentials',
            ...claimsOfATrustedToken,
          },
        },
      },
      { slug: 'foreign' },
    ],
  });
});
afterEach(async () => {
  vi.useRealTimers();
  await app?.close();
  app = undefined;
  await authentik.clearFaults();
  authentik.clearRequests();
});
afterAll(() => authentik.stop());

const { lines, logger } = recordLog();
async function start(tokens: AuthentikOptions['tokens'], more: Partial<AuthentikOptions> = {}) {
  lines.length = 0;
  app = await startRestApp(authentik.url, {
    controllers: [Handlers],
    logger,
    options: { ...more, ...(tokens !== undefined && { tokens }) },
  });
}
const on = { dangerouslyAcceptUserInfo: true };
const ask = (token: string, path = '/me') => request(app?.getHttpServer()).get(path).auth(token, { type: 'bearer' });
const statusOf = async (token: string, path?: string) => (await ask(token, path)).status;
const sealed = (options: { scopes?: string[]; application?: string } = {}) =>
  authentik.mintAccessToken({ user: 'alice', application: 'sealed', ...options });
const calls = () => authentik.requestsTo('userinfo').length;
const service = () => (app as INestApplication).get(AuthentikTokenService);
const reasonOf = async (token: string) =>
  service()
    .verifyToken(token)
    .then(
      () => 'accepted',
      (error: unknown) => (error instanceof TokenVerificationError ? error.reason : String(error)),
    );

describe('without dangerouslyAcceptUserInfo', () => {
  it.each([undefined, {}, { dangerouslyAcceptUserInfo: false }])(
    'a token that only UserInfo could judge is refused, and UserInfo is not asked: %o',
    async (tokens) => {
      await start(tokens);
      expect(await statusOf(await sealed())).toBe(401);
      expect(await statusOf(opaque)).toBe(401);
      // What the start asks for, and nothing else.
      expect(authentik.requests.map(({ endpoint }) => endpoint)).toEqual(['discovery', 'jwks']);
      expect(lines.join('\n')).not.toContain('dangerously');
    },
  );
});

describe('with dangerouslyAcceptUserInfo', () => {
  it('an encrypted token of any application counts, as one of which neither client nor scopes are known', async () => {
    await start({ ...on, introspectionTtlSeconds: 30 });
    const before = Math.floor(Date.now() / 1000);
    const { status, body } = await ask(await sealed());
    const after = Math.ceil(Date.now() / 1000);
    const user = body as AuthentikUser;
    expect(status).toBe(200);
    expect(user).toMatchObject({
      username: 'alice',
      groups: ['engineering', 'mcp-users'],
      scopes: [],
      clientId: '',
      kind: 'person',
      credential: 'bearer',
      issuer: authentik.issuer('mcp-server'),
      claims: { aud: [], sub: user.id },
    });
    expect(user.expiresAt).toBeGreaterThan(before + 30);
    expect(user.expiresAt).toBeLessThanOrEqual(after + 31);
  });

  it('says at the start which danger that is, once', async () => {
    await start(on);
    expect(lines.filter((line) => line.includes('dangerouslyAcceptUserInfo'))).toEqual([
      expect.stringMatching(/^warn .*ANY application.*clientSecret/u),
    ]);
  });

  it('groups count, and a scope is always missing', async () => {
    await start(on);
    const [token, signed] = [await sealed(), await authentik.mintAccessToken({ user: 'alice' })];
    expect([await statusOf(token, '/team'), await statusOf(token, '/scoped')]).toEqual([200, 403]);
    expect([await statusOf(signed, '/team'), await statusOf(signed, '/scoped')]).toEqual([200, 200]);
    expect(await statusOf(await authentik.mintAccessToken({ user: 'bob', application: 'sealed' }), '/team')).toBe(403);
  });

  it('nothing that a mapping says of the token is believed', async () => {
    await start(on);
    const { body } = await ask(await sealed({ application: 'bent' }));
    expect(body).toMatchObject({ scopes: [], clientId: '', kind: 'person', issuer: authentik.issuer('mcp-server') });
    expect(body).not.toHaveProperty('sessionId');
    expect(body).not.toHaveProperty('tokenId');
    const names = Object.keys((body as AuthentikUser).claims);
    expect(names.filter((name) => /^(?:azp|uid|sid|jti|iat|scope|client_id)$/u.test(name))).toEqual([]);
    expect((body as AuthentikUser).expiresAt).toBeLessThan(Date.now() / 1000 + 120);
  });

  it('an audience that a caller asks for is never found', async () => {
    await start(on);
    const token = await sealed();
    expect(await service().tryVerifyToken(token, { audience: 'mcp-server' })).toBeNull();
    expect(await service().tryVerifyToken(token, { audience: 'sealed' })).toBeNull();
    expect((await service().tryVerifyToken(token, {}))?.username).toBe('alice');
  });

  it('the answer counts for introspectionTtlSeconds, then Authentik is asked again', async () => {
    await start({ ...on, introspectionTtlSeconds: 30 });
    const token = await sealed();
    expect([await statusOf(token), await statusOf(token)]).toEqual([200, 200]);
    expect(calls()).toBe(1);
    authentik.endSessions();
    expect(await statusOf(token)).toBe(200);
    vi.useFakeTimers({ toFake: ['Date'] });
    vi.setSystemTime(Date.now() + 31_000);
    expect(await statusOf(token)).toBe(401);
    expect(calls()).toBe(2);
  });

  it('nothing is remembered where introspectionTtlSeconds is 0', async () => {
    await start({ ...on, introspectionTtlSeconds: 0 });
    const token = await sealed();
    expect([await statusOf(token), await statusOf(token)]).toEqual([200, 200]);
    expect(calls()).toBe(2);
  });

  it('keeps few claims where keepClaims says so', async () => {
    await start({ ...on, keepClaims: false });
    const user = await service().verifyToken(await sealed());
    expect(new Set(Object.keys(user.claims))).toEqual(new Set(['aud', 'exp', 'iss', 'sub']));
    expect(user.groups).toContain('engineering');
  });

  it('a token that Authentik does not know is refused, and that is remembered', async () => {
    await start(on);
    expect([await statusOf(opaque), await statusOf(opaque)]).toEqual([401, 401]);
    expect(await reasonOf(opaque)).toBe('inactive');
    expect(calls()).toBe(1);
  });

  it('a token without openid is refused, since nothing is told of its person, and that is remembered', async () => {
    await start(on);
    const token = await sealed({ scopes: ['profile'] });
    expect([await statusOf(token), await statusOf(token)]).toEqual([401, 401]);
    expect(await reasonOf(token)).toBe('claims');
    expect(calls()).toBe(1);
  });

  it('a token that was revoked here is refused at once', async () => {
    await start(on);
    const token = await sealed();
    expect(await statusOf(token)).toBe(200);
    await authentik.fault('error500', { endpoint: 'revoke' });
    await expect(service().revokeToken(token)).rejects.toThrow();
    expect(await statusOf(token)).toBe(401);
    expect(calls()).toBe(1);
  });

  it.each(['error500', 'garbage', 'drop'] as const)(
    'it is 503 while UserInfo cannot be asked (%s), and that is not remembered',
    async (fault) => {
      await start(on);
      const token = await sealed();
      await authentik.fault(fault, { endpoint: 'userinfo' });
      expect(await statusOf(token)).toBe(503);
      await authentik.clearFaults();
      await vi.waitUntil(async () => (await statusOf(token)) === 200);
    },
  );

  it('the application of the app itself is asked, where several count', async () => {
    // Whoever asked this one could not even find out where.
    await start(on, { trustedApplications: [{ applicationSlug: 'nothing-here', clientId: 'nobody' }] });
    expect(await statusOf(await sealed())).toBe(200);
  });
});

describe('a token that another way has refused never comes to UserInfo', () => {
  it('one of another issuer and audience, which Authentik itself knows', async () => {
    await start(on);
    const foreign = await authentik.mintAccessToken({ user: 'alice', application: 'foreign' });
    expect(await reasonOf(foreign)).toBe('issuer');
    for (const claims of [{ aud: 'foreign' }, { azp: 'foreign' }, { aud: 'foreign', azp: 'foreign' }]) {
      expect(await reasonOf(await authentik.mintAccessToken({ user: 'alice', claims }))).toBe('audience');
    }
    expect(calls()).toBe(0);
  });

  it('one that is broken in any way and has the form of a JWT', async () => {
    await start(on);
    const noJwt = new Set(['encrypted', 'refreshToken', 'truncated', 'fourParts', 'garbage']);
    for (const kind of BROKEN_KINDS) {
      const token = await authentik.mintBroken({ kind, user: 'alice' });
      expect(await reasonOf(token), kind).not.toBe('accepted');
      expect(calls(), kind).toBe(noJwt.has(kind) ? 1 : 0);
      authentik.clearRequests();
    }
  });

  it('nor one that could not even be sent on', async () => {
    await start(on);
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary' }), async (text) => {
        fc.pre(!/^[\w.~+/-]+=*$/u.test(text));
        expect(await reasonOf(text)).toBe('malformed');
      }),
      { numRuns: 300 },
    );
    expect(await reasonOf('x'.repeat(16 * 1024 + 1))).toBe('malformed');
    expect(calls()).toBe(0);
    expect(await reasonOf('x'.repeat(1024))).toBe('inactive');
    expect(calls()).toBe(1);
  });
});
