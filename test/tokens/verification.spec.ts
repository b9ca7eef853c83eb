import { Controller, Get, type INestApplication } from '@nestjs/common';
import {
  Authenticated,
  type AuthentikOptions,
  AuthentikTokenService,
  type AuthentikUser,
  CurrentUser,
} from 'nestjs-authentik';
import { type EmbeddedAuthentik, startEmbeddedAuthentik } from 'nestjs-authentik-testing';
import { decodeJwt } from 'jose';
import request from 'supertest';
import { afterEach, describe, expect, it, vi } from 'vitest';

import { letPass } from '../harness/let-pass.js';
import { startRestApp } from '../harness/rest-app.js';

type TokenOptions = NonNullable<AuthentikOptions['tokens']>;
type EmbeddedApplication = NonNullable<
  NonNullable<Parameters<typeof startEmbeddedAuthentik>[0]>['applications']
>[number];

@Controller('me')
class MeController {
  @Get() @Authenticated() me(@CurrentUser() user: AuthentikUser) {
    return { username: user.username, groups: user.groups };
  }
}

let authentik: EmbeddedAuthentik;
let app: INestApplication;
afterEach(async () => {
  vi.useRealTimers();
  await app.close();
  await authentik.stop();
});

async function start(tokens: TokenOptions, application: Partial<EmbeddedApplication> = {}, more: object = {}) {
  authentik = await startEmbeddedAuthentik({
    applications: [
      { slug: 'mcp-server', clientType: 'confidential', ...application },
      { slug: 'other', clientType: 'confidential' },
    ],
    ...more,
  });
  const clientSecret = authentik.applications[0]?.clientSecret ?? '';
  app = await startRestApp(authentik.url, { controllers: [MeController], options: { clientSecret, tokens } });
}

const ask = async (token: string) => {
  const { status, body } = await request(app.getHttpServer()).get('/me').auth(token, { type: 'bearer' });
  return { status, body: body as { groups?: string[] } };
};
const statusOf = async (token: string) => (await ask(token)).status;
const callsTo = (path: string) => authentik.requests.filter((entry) => entry.path.endsWith(path)).length;
const minutes = (count: number) => count * 60 * 1000;

describe('a token that is refused', () => {
  it('costs no stack, and other errors keep theirs', async () => {
    await start({});
    const limit = Error.stackTraceLimit;
    const refused: unknown = await app
      .get(AuthentikTokenService)
      .verifyToken('no.such.token')
      .catch((error: unknown) => error);
    expect(refused).toMatchObject({ name: 'TokenVerificationError', reason: 'malformed' });
    expect((refused as Error).stack).not.toContain('\n    at ');
    expect(Error.stackTraceLimit).toBe(limit);
    expect(new Error('another').stack).toContain('\n    at ');
  });

  it('is refused all the same where nobody may change how errors are made', async () => {
    await start({});
    const before = Object.getOwnPropertyDescriptor(Error, 'stackTraceLimit');
    Object.defineProperty(Error, 'stackTraceLimit', { ...before, writable: false });
    try {
      await expect(app.get(AuthentikTokenService).verifyToken('no.such.token')).rejects.toMatchObject({
        reason: 'malformed',
      });
    } finally {
      Object.defineProperty(Error, 'stackTraceLimit', before ?? {});
    }
  });
});

describe('a token that is being judged', () => {
  it('vouches for itself alone, and not for another one that ends alike', async () => {
    await start({});
    const token = await authentik.mintAccessToken({ user: 'alice' });
    const [header, , signature] = token.split('.');
    const promoted = { ...decodeJwt(token), groups: ['authentik Admins'] };
    const forged = [header, Buffer.from(JSON.stringify(promoted)).toString('base64url'), signature].join('.');
    const service = app.get(AuthentikTokenService);
    for (const [first, second] of [
      [token, forged],
      [forged, token],
    ] as const) {
      // Behind one that is alone, and behind others.
      const before = await authentik.mintAccessToken({ user: 'bob' });
      const [, one, other] = await Promise.all([before, first, second].map((each) => service.tryVerifyToken(each)));
      const [ofToken, ofForged] = first === token ? [one, other] : [other, one];
      expect(ofToken?.username).toBe('alice');
      expect(ofForged).toBeNull();
    }
  });
});

describe('a sound signature', () => {
  it.each(['\t', ' ', '\n', '\f', '\r', '='])(
    'with %j in it is none: a token is written in one way',
    async (inserted) => {
      await start({});
      const token = await authentik.mintAccessToken({ user: 'alice' });
      const service = app.get(AuthentikTokenService);
      for (const place of [token.length, token.length - 1, token.length - 4, token.lastIndexOf('.') + 1]) {
        const written = token.slice(0, place) + inserted + token.slice(place);
        await expect(service.verifyToken(written)).rejects.toMatchObject({ reason: 'malformed' });
      }
      expect(await statusOf(`${token.slice(0, -4)}\t${token.slice(-4)}`)).toBe(401);
      expect(await statusOf(token)).toBe(200);
    },
  );
});

describe('a token that was verified', () => {
  it('is remembered: no signature, no call, the same answer', async () => {
    await start({});
    const token = await authentik.mintAccessToken({ user: 'alice' });
    const first = await ask(token);
    const calls = authentik.requests.length;
    await authentik.fault('down');
    expect(await ask(token)).toEqual(first);
    expect(authentik.requests.length).toBe(calls);
  });

  it('gives every request a user that none of them can change', async () => {
    await start({});
    const token = await authentik.mintAccessToken({ user: 'alice' });
    const service = app.get(AuthentikTokenService);
    const user = await service.verifyToken(token);
    expect(() => (user.groups as string[]).push('authentik Admins')).toThrow(TypeError);
    expect(() => ((user.claims as { email: string }).email = 'x')).toThrow(TypeError);
    expect(() => ((user as { id: string }).id = 'x')).toThrow(TypeError);
    expect(() => (user.claims.groups as string[]).push('authentik Admins')).toThrow(TypeError);
  });

  it('ends when it expires', async () => {
    await start({ clockToleranceSeconds: 0 });
    const token = await authentik.mintAccessToken({ user: 'alice', expiresInSeconds: 60 });
    expect(await statusOf(token)).toBe(200);
    vi.useFakeTimers({ toFake: ['Date'] });
    vi.setSystemTime(Date.now() + minutes(1) - 5_000);
    expect(await statusOf(token)).toBe(200);
    vi.setSystemTime(Date.now() + 6_000);
    expect(await statusOf(token)).toBe(401);
  });

  it('ends with its key, within ten minutes', async () => {
    await start({});
    const token = await authentik.mintAccessToken({ user: 'alice' });
    expect(await statusOf(token)).toBe(200);
    await authentik.rotateKeys();
    expect(await statusOf(token)).toBe(200);
    letPass(minutes(6));
    // Asks in the background, and is served from memory for the last time.
    await vi.waitUntil(async () => (await statusOf(token)) === 401, { timeout: 5_000, interval: 20 });
    expect(await statusOf(await authentik.mintAccessToken({ user: 'alice' }))).toBe(200);
  });

  it('ends with its key though the clock is set back meanwhile', async () => {
    await start({});
    const token = await authentik.mintAccessToken({ user: 'alice' });
    // The second time from memory.
    expect([await statusOf(token), await statusOf(token)]).toEqual([200, 200]);
    await authentik.rotateKeys();
    letPass(minutes(6), { clock: 'stands' });
    vi.spyOn(Date, 'now').mockReturnValue(Date.now() - minutes(60));
    await vi.waitUntil(async () => (await statusOf(token)) === 401, { timeout: 5_000, interval: 20 });
  });

  it('ends when the keys are older than staleKeysSeconds allows', async () => {
    await start({ staleKeysSeconds: 600 });
    const token = await authentik.mintAccessToken({ user: 'alice' });
    expect(await statusOf(token)).toBe(200);
    await authentik.fault('error500');
    letPass(minutes(15) - 10_000);
    expect([await statusOf(token), await statusOf(token)]).toEqual([200, 200]);
    letPass(11_000);
    expect(await statusOf(token)).toBe(503);
  });

  it.each(['local', 'local+introspect', 'introspect'] as const)(
    'is refused here at once when it is revoked here, validation %s',
    async (validation) => {
      await start({ validation, introspectionTtlSeconds: 3600 });
      const [token, other] = [
        await authentik.mintAccessToken({ user: 'alice' }),
        await authentik.mintAccessToken({ user: 'alice' }),
      ];
      expect([await statusOf(token), await statusOf(other)]).toEqual([200, 200]);
      await app.get(AuthentikTokenService).revokeToken(token, 'access_token');
      expect([await statusOf(token), await statusOf(other)]).toEqual([401, 200]);
    },
  );

  it('is refused here even if Authentik could not be told', async () => {
    await start({});
    const token = await authentik.mintAccessToken({ user: 'alice' });
    expect(await statusOf(token)).toBe(200);
    await authentik.fault('error500', { endpoint: 'revoke' });
    await expect(app.get(AuthentikTokenService).revokeToken(token)).rejects.toThrow();
    expect(await statusOf(token)).toBe(401);
  });

  it('keeps few claims where keepClaims says so', async () => {
    await start({ keepClaims: false });
    const token = await authentik.mintAccessToken({ user: 'alice' });
    const user = await app.get(AuthentikTokenService).verifyToken(token);
    expect(Object.keys(user.claims).toSorted((a, b) => (a < b ? -1 : 1))).toEqual(['aud', 'exp', 'iss', 'sub']);
    expect(user.groups).toContain('engineering');
  });
});

describe('a token that is for somebody else', () => {
  it('is told to the operator with what it says and what would have counted, and to nobody else', async () => {
    await start({});
    const service = app.get(AuthentikTokenService);
    const own = authentik.issuer('mcp-server');
    const otherIssuer = await authentik.mintBroken({ kind: 'otherIssuer', user: 'alice' });
    await expect(service.verifyToken(otherIssuer)).rejects.toThrow(
      `Its iss is ${JSON.stringify(decodeJwt(otherIssuer).iss)}, and ours ${JSON.stringify(own)}.`,
    );
    const otherAudience = await authentik.mintBroken({ kind: 'otherAudience', user: 'alice' });
    await expect(service.verifyToken(otherAudience)).rejects.toThrow(
      `Its aud is ${JSON.stringify(decodeJwt(otherAudience).aud)}, and ours "mcp-server".`,
    );
    expect(JSON.stringify((await ask(otherIssuer)).body)).not.toContain(own);
  });
});

describe('keys', () => {
  it('five hundred cold callers make one discovery and one call for the keys', async () => {
    await start({});
    const token = await authentik.mintAccessToken({ user: 'alice' });
    const service = app.get(AuthentikTokenService);
    const users = await Promise.all(Array.from({ length: 500 }, () => service.verifyToken(token)));
    expect(users.every(({ username }) => username === 'alice')).toBe(true);
    expect(callsTo('/.well-known/openid-configuration')).toBe(1);
    expect(callsTo('/jwks/')).toBe(1);
  });

  it('a thousand unknown ones make one call, and a rotated one is accepted after the cooldown', async () => {
    await start({});
    const service = app.get(AuthentikTokenService);
    await service.verifyToken(await authentik.mintAccessToken({ user: 'alice' }));
    const unknown = await authentik.mintBroken({ kind: 'unknownKey', user: 'alice' });
    letPass(6_000);
    const before = callsTo('/jwks/');
    const answers = await Promise.all(
      Array.from({ length: 1_000 }, (_, index) => service.tryVerifyToken(`${unknown}${index}`)),
    );
    expect(answers.every((answer) => answer === null)).toBe(true);
    expect(callsTo('/jwks/') - before).toBeLessThanOrEqual(1);
    await authentik.rotateKeys();
    const rotated = await authentik.mintAccessToken({ user: 'alice' });
    letPass(6_000);
    expect((await service.verifyToken(rotated)).username).toBe('alice');
  });

  it('while Authentik is down at most two calls go out for a thousand requests', async () => {
    await start({ staleKeysSeconds: 0 });
    await authentik.fault('error500');
    authentik.clearRequests();
    // What the start has read of keys counts no more.
    letPass(minutes(6));
    const service = app.get(AuthentikTokenService);
    const token = await authentik.mintAccessToken({ user: 'alice' });
    const failures = await Promise.allSettled(Array.from({ length: 1_000 }, () => service.verifyToken(token)));
    expect(failures.every(({ status }) => status === 'rejected')).toBe(true);
    expect(authentik.requests.length).toBeLessThanOrEqual(2);
  });
});

describe('tokens signed with the client secret', () => {
  it('count only where acceptHs256 says so', async () => {
    await start({ acceptHs256: true }, { signing: 'HS256' });
    expect(await statusOf(await authentik.mintAccessToken({ user: 'alice' }))).toBe(200);
    expect(await statusOf(await authentik.mintBroken({ kind: 'badSignature', user: 'alice' }))).toBe(401);
  });

  it('are refused otherwise', async () => {
    await start({}, { signing: 'HS256' });
    expect(await statusOf(await authentik.mintAccessToken({ user: 'alice' }))).toBe(401);
  });

  it('do not count when they are signed with a published key', async () => {
    await start({ acceptHs256: true });
    expect(await statusOf(await authentik.mintBroken({ kind: 'hs256WithPublicKey', user: 'alice' }))).toBe(401);
    expect(await statusOf(await authentik.mintAccessToken({ user: 'alice' }))).toBe(200);
  });
});

describe.each(['introspect', 'local+introspect'] as const)('validation: %s', (validation) => {
  it('sees a revocation in Authentik within introspectionTtlSeconds', async () => {
    await start({ validation, introspectionTtlSeconds: 30 });
    const token = await authentik.mintAccessToken({ user: 'alice' });
    expect(await ask(token)).toMatchObject({ status: 200, body: { groups: ['engineering', 'mcp-users'] } });
    expect(await statusOf(token)).toBe(200);
    expect(callsTo('/introspect/')).toBe(1);
    const [application] = authentik.applications;
    await fetch(`${authentik.url}/application/o/revoke/`, {
      method: 'POST',
      body: new URLSearchParams({
        token,
        client_id: application?.clientId ?? '',
        client_secret: application?.clientSecret ?? '',
      }),
    });
    vi.useFakeTimers({ toFake: ['Date'] });
    vi.setSystemTime(Date.now() + 31_000);
    expect(await statusOf(token)).toBe(401);
  });

  it('refuses the token of another application, and one that nobody knows', async () => {
    await start({ validation });
    expect(await statusOf(await authentik.mintAccessToken({ user: 'alice', application: 'other' }))).toBe(401);
    expect(await statusOf('opaque')).toBe(401);
    expect(await statusOf(await authentik.mintBroken({ kind: 'badSignature', user: 'alice' }))).toBe(401);
  });

  it('is 503 while Authentik cannot be asked', async () => {
    await start({ validation });
    const token = await authentik.mintAccessToken({ user: 'alice' });
    await authentik.fault('error500', { endpoint: 'introspect' });
    expect(await statusOf(token)).toBe(503);
  });
});

describe('claims that the provider leaves out of its tokens', () => {
  it('come from UserInfo, once a token', async () => {
    await start({}, { includeClaimsInIdToken: false });
    const token = await authentik.mintAccessToken({ user: 'alice' });
    expect(await ask(token)).toMatchObject({ body: { username: 'alice', groups: ['engineering', 'mcp-users'] } });
    expect(await ask(token)).toMatchObject({ status: 200 });
    expect(callsTo('/userinfo/')).toBe(1);
  });

  it('are not asked for where the token has no right to them', async () => {
    await start({}, { includeClaimsInIdToken: false });
    const token = await authentik.mintAccessToken({ user: 'alice', scopes: ['openid', 'email'] });
    expect(await ask(token)).toMatchObject({ status: 200, body: { groups: [] } });
    expect(callsTo('/userinfo/')).toBe(0);
  });

  it('are those of nobody where UserInfo is about somebody else, and no outage', async () => {
    const scopeMappings = {
      profile: ({ username }: { username: string }) => ({ sub: `x-${username}`, groups: ['newcomers'] }),
    };
    await start({}, { includeClaimsInIdToken: false, scopeMappings });
    const token = await authentik.mintAccessToken({ user: 'alice' });
    expect(await statusOf(token)).toBe(401);
    expect(callsTo('/userinfo/')).toBe(1);
  });

  it('are 503 while nobody can be asked: groups that are not known admit nobody', async () => {
    await start({}, { includeClaimsInIdToken: false });
    const token = await authentik.mintAccessToken({ user: 'alice' });
    await authentik.fault('error500', { endpoint: 'userinfo' });
    expect(await statusOf(token)).toBe(503);
  });
});
