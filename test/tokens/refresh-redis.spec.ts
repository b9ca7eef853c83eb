import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

import type { INestApplication } from '@nestjs/common';
import { AuthentikTokenService, AuthentikUnavailableError, TokenGrantError } from 'nestjs-authentik';
import { type EmbeddedAuthentik, startEmbeddedAuthentik } from 'nestjs-authentik-testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { type RedisServer, redisCommand, startRedis } from '../harness/redis-server.js';
import { startRestApp } from '../harness/rest-app.js';
import { refreshTokenOf } from './refresh-token-of.js';

let redis: RedisServer;
let authentik: EmbeddedAuthentik;
let monitor: Socket | undefined;
const apps: INestApplication[] = [];
let one: AuthentikTokenService;
let other: AuthentikTokenService;

beforeEach(async () => {
  [redis, authentik] = await Promise.all([startRedis(), startEmbeddedAuthentik()]);
  [one, other] = await Promise.all([start(), start()]);
});
afterEach(async () => {
  monitor?.destroy();
  for (const app of apps.splice(0)) await app.close();
  await authentik.stop();
  await redis.kill();
});

async function start(): Promise<AuthentikTokenService> {
  const options = { timeoutMs: 1000, redis: { url: redis.url } };
  const app = await startRestApp(authentik.url, { controllers: [], options });
  apps.push(app);
  return app.get(AuthentikTokenService);
}

/** All that is said to Redis from now on. */
async function overhear(): Promise<() => string> {
  const heard: Buffer[] = [];
  monitor = connect(Number(new URL(redis.url).port), '127.0.0.1');
  monitor.write('MONITOR\r\n');
  await once(monitor, 'data');
  monitor.on('data', (chunk: Buffer) => heard.push(chunk));
  return () => Buffer.concat(heard).toString();
}

async function aRefreshToken(): Promise<string> {
  const refreshToken = await refreshTokenOf(authentik, 'alice');
  authentik.clearRequests();
  return refreshToken;
}
const slowly = () => authentik.fault('slow', { endpoint: 'token', delayMs: 300 });
const sent = () => authentik.requestsTo('token').length;
const failureOf = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );

describe('two apps on one Redis that refresh one token', () => {
  it('make one request of many calls, and all get what came of it', async () => {
    const refreshToken = await aRefreshToken();
    await slowly();
    const all = await Promise.all(
      Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? one : other).refreshToken(refreshToken)),
    );
    expect(sent()).toBe(1);
    expect(new Set(all.map((tokens) => tokens.refreshToken)).size).toBe(1);
    expect((await other.verifyToken(all[1]?.accessToken ?? '')).username).toBe('alice');
    expect(Object.isFrozen(all[1])).toBe(true);
    // Who comes late is not signed out either, and is not told a longer life than is left.
    const late = await other.refreshToken(refreshToken);
    expect(late).toMatchObject({ accessToken: all[0]?.accessToken, scope: all[0]?.scope });
    expect(late.expiresInSeconds).toBeLessThanOrEqual(all[0]?.expiresInSeconds ?? 0);
    expect(late.expiresInSeconds).toBeGreaterThan((all[0]?.expiresInSeconds ?? 0) - 30);
    expect(sent()).toBe(1);
  });

  it('tell Redis no token, and nothing for ever', async () => {
    const refreshToken = await aRefreshToken();
    const heard = await overhear();
    await slowly();
    const [first] = await Promise.all([one.refreshToken(refreshToken), other.refreshToken(refreshToken)]);
    await expect.poll(heard).toMatch(/"PUBLISH" "authentik:mcp-server:refresh:/iu);
    for (const token of [refreshToken, first.refreshToken ?? '', first.accessToken, first.idToken ?? '']) {
      expect(token.length).toBeGreaterThan(20);
      expect(heard()).not.toContain(token.slice(-20));
    }
    const [key = ''] = (await redisCommand(redis.url, 'KEYS', '*refresh:*')).match(/authentik:\S+/u) ?? [];
    expect(await redisCommand(redis.url, 'PTTL', key)).toMatch(/^:[1-9]\d{3,4}\r\n$/u);
  });

  it('both hear that the grant is over', async () => {
    const refreshToken = await aRefreshToken();
    await one.revokeToken(refreshToken, 'refresh_token');
    await slowly();
    const failures = await Promise.all([one, other].map((app) => failureOf(app.refreshToken(refreshToken))));
    for (const failure of failures) {
      expect(failure).toBeInstanceOf(TokenGrantError);
      expect(failure).toMatchObject({ reason: 'invalid_grant', isGrantEnded: true });
    }
    expect(sent()).toBe(1);
  });

  it('both hear that the answer was lost, and send nothing again', async () => {
    const refreshToken = await aRefreshToken();
    await authentik.fault('drop', { endpoint: 'token' });
    const failures = await Promise.all([one, other].map((app) => failureOf(app.refreshToken(refreshToken))));
    for (const failure of failures) expect(failure).toMatchObject({ reason: 'outcome_unknown', isGrantEnded: true });
    await authentik.clearFaults();
    expect(await failureOf(other.refreshToken(refreshToken))).toMatchObject({ reason: 'outcome_unknown' });
    expect(sent()).toBe(1);
  });

  it('can go on with a token that Authentik did not take', async () => {
    const refreshToken = await aRefreshToken();
    await authentik.fault('error500', { endpoint: 'token' });
    const failures = await Promise.all([one, other].map((app) => failureOf(app.refreshToken(refreshToken))));
    for (const failure of failures) expect(failure).toBeInstanceOf(AuthentikUnavailableError);
    expect(sent()).toBe(1);
    await authentik.clearFaults();
    await expect
      .poll(() => failureOf(other.refreshToken(refreshToken)), { timeout: 5000, interval: 100 })
      .toBeUndefined();
    expect(sent()).toBe(2);
  });
});

describe('a refresh token that Authentik does not replace', () => {
  beforeEach(() => {
    authentik.updateApplication('mcp-server', { refreshTokenThreshold: 'days=1' });
  });

  it('gives another access token to who comes later', async () => {
    const refreshToken = await aRefreshToken();
    const first = await one.refreshToken(refreshToken);
    expect(first.refreshToken).toBe(refreshToken);
    const isAnother = async () => (await other.refreshToken(refreshToken)).accessToken !== first.accessToken;
    await expect.poll(isAnother, { timeout: 5000, interval: 100 }).toBe(true);
  });
});

describe('an app whose Redis', () => {
  it('is killed sends nothing, and the token is as good as before when it is back', async () => {
    const refreshToken = await aRefreshToken();
    // It knows Authentik already.
    await one.openidClient();
    await redis.kill();
    const failure = await failureOf(one.refreshToken(refreshToken));
    expect(failure).toBeInstanceOf(AuthentikUnavailableError);
    expect(failure).toMatchObject({ endpoint: 'redis' });
    expect(sent()).toBe(0);
    await redis.start();
    await expect
      .poll(() => failureOf(one.refreshToken(refreshToken)), { timeout: 10_000, interval: 100 })
      .toBeUndefined();
    expect(sent()).toBe(1);
  });

  it('hangs sends nothing, and nobody takes the token for used up when it goes on', async () => {
    const refreshToken = await aRefreshToken();
    await one.openidClient();
    redis.freeze();
    expect(await failureOf(one.refreshToken(refreshToken))).toMatchObject({ endpoint: 'redis' });
    expect(sent()).toBe(0);
    redis.thaw();
    await expect
      .poll(() => failureOf(other.refreshToken(refreshToken)), { timeout: 10_000, interval: 100 })
      .toBeUndefined();
    expect(sent()).toBe(1);
  });

  it('is killed meanwhile keeps what it got; who waits for it is told that the grant is over', async () => {
    const refreshToken = await aRefreshToken();
    await authentik.fault('slow', { endpoint: 'token', delayMs: 700 });
    const first = one.refreshToken(refreshToken);
    await expect.poll(sent).toBe(1);
    const second = failureOf(other.refreshToken(refreshToken));
    await expect.poll(() => redisCommand(redis.url, 'PUBSUB', 'CHANNELS')).toContain('refresh:');
    await redis.kill();
    expect((await first).refreshToken).not.toBe(refreshToken);
    expect(await second).toMatchObject({ reason: 'outcome_unknown', isGrantEnded: true });
    expect(sent()).toBe(1);
  });
});
