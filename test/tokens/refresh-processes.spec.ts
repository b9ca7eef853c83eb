import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

import type { AuthentikTokenSet } from 'nestjs-authentik';
import { type EmbeddedAuthentik, startEmbeddedAuthentik } from 'nestjs-authentik-testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { type RedisServer, startRedis } from '../harness/redis-server.js';
import { refreshTokenOf } from './refresh-token-of.js';

interface Answer {
  readonly granted?: AuthentikTokenSet;
  readonly failure?: { readonly name: string; readonly reason?: string; readonly isGrantEnded?: boolean };
}

let redis: RedisServer;
let authentik: EmbeddedAuthentik;
const children: ChildProcess[] = [];
let one: ChildProcess;
let other: ChildProcess;

beforeEach(async () => {
  [redis, authentik] = await Promise.all([startRedis(), startEmbeddedAuthentik()]);
  [one, other] = await Promise.all([startProcess(), startProcess()]);
});
afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    const ended = once(child, 'exit');
    child.disconnect();
    await ended;
  }
  await authentik.stop();
  await redis.kill();
});

async function startProcess(): Promise<ChildProcess> {
  const child = fork(fileURLToPath(new URL('refresh-process.mjs', import.meta.url)), {
    execArgv: [],
    env: {
      PATH: process.env['PATH'],
      NO_COLOR: '1',
      AUTHENTIK_URL: authentik.url,
      AUTHENTIK_APPLICATION_SLUG: 'mcp-server',
      AUTHENTIK_CLIENT_ID: 'mcp-server',
      AUTHENTIK_PUBLIC_URL: 'http://localhost:3000',
      AUTHENTIK_REDIS_URL: redis.url,
      AUTHENTIK_TIMEOUT_MS: '2000',
    },
  });
  children.push(child);
  const [ready] = (await Promise.race([once(child, 'message'), once(child, 'exit')])) as unknown[];
  expect(ready).toBe('ready');
  return child;
}

async function refresh(child: ChildProcess, refreshToken: string): Promise<Answer> {
  const answered = once(child, 'message');
  child.send(refreshToken);
  const [answer] = (await answered) as [Answer];
  return answer;
}

describe('two processes on one Redis', () => {
  it('refresh one token at once with one request, and both have the new one', async () => {
    const refreshToken = await refreshTokenOf(authentik, 'alice');
    authentik.clearRequests();
    await authentik.fault('slow', { endpoint: 'token', delayMs: 300 });
    const [first, second] = await Promise.all([refresh(one, refreshToken), refresh(other, refreshToken)]);
    expect(authentik.requestsTo('token')).toHaveLength(1);
    expect(first.granted?.refreshToken).not.toBe(refreshToken);
    expect(second.granted?.accessToken).toBe(first.granted?.accessToken);
    expect(second.granted?.refreshToken).toBe(first.granted?.refreshToken);
    // What they have is good for the next time, whoever it is.
    expect((await refresh(other, first.granted?.refreshToken ?? '')).granted?.tokenType).toBe('Bearer');
  });

  it('send nothing again when the one that sent it was killed, and say that the grant is over', async () => {
    const refreshToken = await refreshTokenOf(authentik, 'alice');
    authentik.clearRequests();
    await authentik.fault('slow', { endpoint: 'token', delayMs: 60_000 });
    one.send(refreshToken);
    await expect.poll(() => authentik.requestsTo('token').length).toBe(1);
    const waiting = refresh(other, refreshToken);
    const killed = once(one, 'exit');
    one.kill('SIGKILL');
    await killed;
    expect((await waiting).failure).toEqual({
      name: 'TokenGrantError',
      reason: 'outcome_unknown',
      isGrantEnded: true,
    });
    expect(authentik.requestsTo('token')).toHaveLength(1);
    // Another refresh token is none of that one's business.
    await authentik.clearFaults();
    expect((await refresh(other, await refreshTokenOf(authentik, 'bob'))).granted?.tokenType).toBe('Bearer');
  });
});
