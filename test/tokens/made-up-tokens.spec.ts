import type { INestApplication } from '@nestjs/common';
import {
  type AuthentikOptions,
  AuthentikTokenService,
  AuthentikUnavailableError,
  TokenVerificationError,
} from 'nestjs-authentik';
import { type EmbeddedAuthentik, startEmbeddedAuthentik } from 'nestjs-authentik-testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { startRestApp } from '../harness/rest-app.js';

const atOnce = 64;
const flood = 500;

let authentik: EmbeddedAuthentik;
let app: INestApplication | undefined;
beforeEach(async () => {
  authentik = await startEmbeddedAuthentik({
    applications: [
      { slug: 'mcp-server', clientType: 'confidential' },
      { slug: 'sealed', clientType: 'confidential', encrypted: true },
    ],
  });
});
afterEach(async () => {
  await app?.close();
  app = undefined;
  await authentik.stop();
});

async function start(options: Partial<AuthentikOptions>): Promise<AuthentikTokenService> {
  app = await startRestApp(authentik.url, { controllers: [], options: { timeoutMs: 60_000, ...options } });
  return app.get(AuthentikTokenService);
}
const secretOf = (slug: string) => authentik.applications.find((known) => known.slug === slug)?.clientSecret ?? '';
const opaque = async () => Array.from({ length: flood }, (_, index) => `${'madeUp'.repeat(10)}${index}`);

interface Way {
  readonly way: string;
  readonly endpoint: 'userinfo' | 'introspect';
  readonly options: () => Partial<AuthentikOptions>;
  readonly madeUp: () => Promise<string[]>;
  /** Slug of the application whose tokens have to be asked about. */
  readonly application: string;
}

const ways: Way[] = [
  {
    way: 'UserInfo',
    endpoint: 'userinfo',
    options: () => ({ tokens: { dangerouslyAcceptUserInfo: true } }),
    madeUp: opaque,
    application: 'sealed',
  },
  {
    way: 'introspection of what is no JWT',
    endpoint: 'introspect',
    options: () => ({
      applicationSlug: 'sealed',
      clientId: authentik.applications[1]?.clientId ?? '',
      clientSecret: secretOf('sealed'),
    }),
    madeUp: opaque,
    application: 'sealed',
  },
  {
    way: 'introspection that judges alone',
    endpoint: 'introspect',
    options: () => ({ clientSecret: secretOf('mcp-server'), tokens: { validation: 'introspect' } }),
    madeUp: async () => {
      const forged = await authentik.mintBroken({ kind: 'badSignature', user: 'alice' });
      return Array.from({ length: flood }, (_, index) => `${forged}${index}`);
    },
    application: 'mcp-server',
  },
];

describe.each(ways)('a flood of tokens that somebody has made up, before $way', (way) => {
  it('makes no more calls at once than Authentik can bear; what is beyond is 503, and nothing is accepted', async () => {
    const service = await start(way.options());
    const madeUp = await way.madeUp();
    await authentik.fault('slow', { endpoint: way.endpoint, delayMs: 60_000 });
    let refusedAtOnce = 0;
    const goOn = (error: unknown) => {
      refusedAtOnce += 1;
      // Those that were let through have no answer before all others have theirs.
      if (refusedAtOnce === flood - atOnce) void authentik.clearFaults();
      return error;
    };
    const answers = await Promise.all(madeUp.map((token) => service.verifyToken(token).catch(goOn)));
    const unavailable = answers.filter((answer) => answer instanceof AuthentikUnavailableError);
    const refused = answers.filter((answer) => answer instanceof TokenVerificationError);
    expect([unavailable.length, refused.length]).toEqual([flood - atOnce, atOnce]);
    expect(new Set(unavailable.map(({ retryAfterSeconds }) => retryAfterSeconds))).toEqual(new Set([1]));
    expect(authentik.requestsTo(way.endpoint)).toHaveLength(atOnce);

    // What was refused is remembered, and who comes when it is over is judged.
    for (const [index, answer] of answers.entries()) {
      if (!(answer instanceof TokenVerificationError)) continue;
      await expect(service.verifyToken(madeUp[index] ?? '')).rejects.toMatchObject({ reason: 'inactive' });
    }
    expect(authentik.requestsTo(way.endpoint)).toHaveLength(atOnce);
    const sound = await authentik.mintAccessToken({ user: 'alice', application: way.application });
    expect((await service.verifyToken(sound)).username).toBe('alice');
  });

  it('makes one call for one token, however often it comes at once', async () => {
    const service = await start(way.options());
    const [token = ''] = await way.madeUp();
    const answers = await Promise.all(Array.from({ length: flood }, () => service.tryVerifyToken(token)));
    expect(new Set(answers)).toEqual(new Set([null]));
    expect(authentik.requestsTo(way.endpoint)).toHaveLength(1);
  });
});

it('tokens whose signature was proved are asked about without that limit', async () => {
  const service = await start({
    clientSecret: secretOf('mcp-server'),
    tokens: { validation: 'local+introspect' },
  });
  const tokens = await Promise.all(
    Array.from({ length: 2 * atOnce }, () => authentik.mintAccessToken({ user: 'alice' })),
  );
  const users = await Promise.all(tokens.map((token) => service.verifyToken(token)));
  expect(new Set(users.map(({ username }) => username))).toEqual(new Set(['alice']));
  expect(authentik.requestsTo('introspect')).toHaveLength(2 * atOnce);
});

describe('sound tokens that come all at once', () => {
  it('wait for their turn and are accepted, for an app that was just started', async () => {
    const service = await start({ clientSecret: secretOf('mcp-server'), tokens: { validation: 'introspect' } });
    const tokens = await Promise.all(
      Array.from({ length: atOnce * 3 }, () => authentik.mintAccessToken({ user: 'alice' })),
    );
    const users = await Promise.all(tokens.map((token) => service.verifyToken(token)));
    expect(users).toHaveLength(atOnce * 3);
    expect(authentik.requestsTo('introspect')).toHaveLength(atOnce * 3);
  });
});
