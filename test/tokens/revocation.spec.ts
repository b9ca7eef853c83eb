import type { INestApplication } from '@nestjs/common';
import { Controller, Get } from '@nestjs/common';
import { Authenticated, AuthentikStatus, AuthentikTokenService } from 'nestjs-authentik';
import { type EmbeddedAuthentik, startEmbeddedAuthentik } from 'nestjs-authentik-testing';
import request from 'supertest';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { Revocations } from '../../libs/authentik/src/tokens/verify/revocations.js';
import { type RedisServer, redisCommand, startRedis } from '../harness/redis-server.js';
import { endOfWaiting, letPass } from '../harness/let-pass.js';
import { startRestApp } from '../harness/rest-app.js';

@Controller('reports')
class ReportsController {
  @Get() @Authenticated() list() {
    return 'in';
  }
}

let authentik: EmbeddedAuthentik;
const apps: INestApplication[] = [];

beforeEach(async () => {
  authentik = await startEmbeddedAuthentik();
});
afterEach(async () => {
  vi.restoreAllMocks();
  for (const app of apps.splice(0)) await app.close();
  await authentik.stop();
});

async function start(redis?: RedisServer, tokens = {}): Promise<INestApplication> {
  const app = await startRestApp(authentik.url, {
    controllers: [ReportsController],
    options: { timeoutMs: 1000, tokens, ...(redis !== undefined && { redis: { url: redis.url } }) },
  });
  apps.push(app);
  return app;
}

const ask = async (app: INestApplication, accessToken: string) =>
  (await request(app.getHttpServer()).get('/reports').set('authorization', `Bearer ${accessToken}`)).status;
const token = (user: string, claims = {}) => authentik.mintAccessToken({ user, claims });
const now = () => Math.floor(Date.now() / 1000);
const issuer = () => `${authentik.url}/application/o/mcp-server/`;

const ways: [string, (app: INestApplication, accessToken: string) => Promise<unknown>][] = [
  ['by itself', (app, accessToken) => app.get(Revocations).revokeToken(accessToken)],
  ['by the token service', (app, accessToken) => app.get(AuthentikTokenService).revokeToken(accessToken)],
  [
    'with its session',
    (app) => app.get(Revocations).revokeSession({ issuer: issuer(), sessionId: 'session-of-alice' }),
  ],
  ['with all that its user has', (app) => app.get(Revocations).revokeSubject({ issuer: issuer(), subject: 'alice' })],
];
const ofAlice = () => token('alice', { sub: 'alice', sid: 'session-of-alice' });

describe.each(ways)('a token that is revoked %s', (_way, revoke) => {
  it.each([
    ['remembered', {}],
    ['never remembered', { cacheMaxEntries: 0 }],
    ['remembered without its claims', { keepClaims: false }],
  ])('is refused at once where it was %s, and others are not', async (_where, tokens) => {
    const app = await start(undefined, tokens);
    const [revoked, other] = [await ofAlice(), await token('bob', { sub: 'bob', sid: 'session-of-bob' })];
    expect(await ask(app, revoked)).toBe(200);
    expect(await ask(app, other)).toBe(200);
    await revoke(app, revoked);
    expect(await ask(app, revoked)).toBe(401);
    expect(await ask(app, other)).toBe(200);
  });

  it('is refused though it was served after a revocation that did not hit it', async () => {
    const app = await start();
    const [revoked, other] = [await ofAlice(), await token('bob', { sub: 'bob', sid: 'session-of-bob' })];
    expect(await ask(app, revoked)).toBe(200);
    await app.get(Revocations).revokeToken(other);
    expect(await ask(app, revoked)).toBe(200);
    await revoke(app, revoked);
    expect(await ask(app, revoked)).toBe(401);
    await expect(app.get(AuthentikTokenService).verifyToken(revoked)).rejects.toMatchObject({ reason: 'revoked' });
  });

  it('is refused without another look at its signature', async () => {
    const app = await start();
    const revoked = await ofAlice();
    await revoke(app, revoked);
    expect(await ask(app, revoked)).toBe(401);
    const signatures = vi.spyOn(crypto.subtle, 'verify');
    expect(await ask(app, revoked)).toBe(401);
    await expect(app.get(AuthentikTokenService).verifyToken(revoked)).rejects.toMatchObject({ reason: 'revoked' });
    expect(signatures).not.toHaveBeenCalled();
    // Of one that is not revoked it is looked at.
    expect(await ask(app, await token('bob'))).toBe(200);
    expect(signatures).toHaveBeenCalledTimes(1);
  });

  it('is refused where it was never seen before', async () => {
    const app = await start();
    const revoked = await ofAlice();
    await revoke(app, revoked);
    expect(await ask(app, revoked)).toBe(401);
  });
});

describe('a revocation', () => {
  it('of a session or user counts for its issuer only', async () => {
    const app = await start();
    const revocations = app.get(Revocations);
    await revocations.revokeSession({ issuer: 'https://elsewhere.example/', sessionId: 'session-of-alice' });
    await revocations.revokeSubject({ issuer: 'https://elsewhere.example/', subject: 'alice' });
    expect(await ask(app, await ofAlice())).toBe(200);
  });

  it('of a session leaves other sessions of that user alone', async () => {
    const app = await start();
    await app.get(Revocations).revokeSession({ issuer: issuer(), sessionId: 'other-session' });
    expect(await ask(app, await ofAlice())).toBe(200);
  });

  it('of a user leaves alone what the user gets later', async () => {
    const app = await start();
    await app.get(Revocations).revokeSubject({ issuer: issuer(), subject: 'alice', issuedUntil: now() - 10 });
    expect(await ask(app, await token('alice', { sub: 'alice', iat: now() - 10 }))).toBe(401);
    expect(await ask(app, await token('alice', { sub: 'alice', iat: now() - 9 }))).toBe(200);
  });

  it('of a user hits a token that does not say when it was issued', async () => {
    const app = await start();
    await app.get(Revocations).revokeSubject({ issuer: issuer(), subject: 'alice', issuedUntil: 1 });
    expect(await ask(app, await token('alice', { sub: 'alice', iat: undefined }))).toBe(401);
  });
});

describe('several processes at one Redis', () => {
  let redis: RedisServer;
  beforeEach(async () => {
    redis = await startRedis();
  });
  afterEach(() => redis.kill());

  it.each(ways)('refuse within a second what one of them has revoked %s', async (_way, revoke) => {
    const [one, two] = [await start(redis), await start(redis)];
    const [revoked, other] = [await ofAlice(), await token('bob', { sub: 'bob' })];
    expect(await ask(two, revoked)).toBe(200);
    await revoke(one, revoked);
    await vi.waitFor(async () => expect(await ask(two, revoked)).toBe(401), { timeout: 1000, interval: 10 });
    expect(await ask(two, other)).toBe(200);
    // One that starts later reads what was said before.
    expect(await ask(await start(redis), revoked)).toBe(401);
  });

  it('keep no token there, and nothing for ever', async () => {
    const app = await start(redis);
    const revoked = await ofAlice();
    await app.get(Revocations).revokeToken(revoked);
    const key = 'authentik:mcp-server:revocations';
    expect(await redisCommand(redis.url, 'ZRANGE', key, '0', '-1')).not.toContain(revoked.split('.')[2]);
    expect(await redisCommand(redis.url, 'PTTL', key)).toMatch(/^:[1-9]\d{5,7}\r\n$/u);
  });

  it('send nothing to Redis for a request', async () => {
    const app = await start(redis);
    expect(await ask(app, await ofAlice())).toBe(200);
    const calls = async () => {
      const stats = await redisCommand(redis.url, 'INFO', 'commandstats');
      return [...stats.matchAll(/cmdstat_(\w+):calls=(\d+)/gu)]
        .filter(([, name]) => name !== 'info' && name !== 'ping')
        .join();
    };
    const before = await calls();
    for (let index = 0; index < 20; index += 1) expect(await ask(app, await ofAlice())).toBe(200);
    expect(await calls()).toBe(before);
  });

  it('judge on for as long as the options say when Redis is away, then answer 503, and read all when it is back', async () => {
    const [one, two] = [await start(redis), await start(redis)];
    const [revoked, other] = [await ofAlice(), await token('bob', { sub: 'bob' })];
    expect(await ask(two, revoked)).toBe(200);
    await redis.kill();
    await vi.waitFor(() => expect(two.get(AuthentikStatus).current).toMatchObject({ status: 'degraded' }));
    expect(two.get(AuthentikStatus).current.reason).toMatch(/Redis/u);
    await one.get(Revocations).revokeToken(revoked);
    expect(await ask(one, revoked)).toBe(401);
    expect(await ask(two, revoked)).toBe(200);

    letPass(61_000);
    expect(await ask(two, revoked)).toBe(503);
    expect(await ask(two, await token('bob'))).toBe(503);
    expect(two.get(AuthentikStatus).current).toMatchObject({ status: 'down' });
    endOfWaiting();

    await redis.start();
    // It came back empty: what the first one knows it tells again.
    await vi.waitFor(async () => expect(await ask(two, revoked)).toBe(401), { timeout: 10_000, interval: 20 });
    expect(await ask(two, other)).toBe(200);
    await vi.waitFor(() => expect(two.get(AuthentikStatus).current).toEqual({ status: 'up' }));
  });

  it('judge nothing before the list was read once, and start all the same', async () => {
    await redis.kill();
    const app = await start(redis);
    expect(await ask(app, await ofAlice())).toBe(503);
    await redis.start();
    const other = await token('bob');
    await vi.waitFor(async () => expect(await ask(app, other)).toBe(200), { timeout: 10_000, interval: 20 });
  });
});
