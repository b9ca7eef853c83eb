import { inspect } from 'node:util';

import { Test } from '@nestjs/testing';
import {
  AuthentikConfigError,
  AuthentikModule,
  type AuthentikModuleExtras,
  authentikConfigFromEnv,
} from 'nestjs-authentik';
import { afterEach, describe, expect, it, vi } from 'vitest';

import { resolveOptions } from '../../libs/authentik/src/options/index.js';

const sound = {
  url: 'https://auth.example.com',
  applicationSlug: 'reports',
  clientId: 'reports-web',
  publicUrl: 'https://reports.example.com',
};
const secrets = ['x9Gk2mPq7RtVw4Yz8Bc3Df6Hj1Ln5Sa0'];
const browsers: AuthentikModuleExtras = { features: ['bearer', 'session'] };

/** The mistakes that stop the start; none when the module starts. */
async function mistakesOf(session: object | undefined, more: object = {}, extras = browsers): Promise<string[]> {
  try {
    const options = { ...sound, ...(session && { session }), ...more, ...extras };
    const testing = await Test.createTestingModule({ imports: [AuthentikModule.forRoot(options)] }).compile();
    await testing.close();
    return [];
  } catch (error) {
    if (!(error instanceof AuthentikConfigError)) throw error;
    return error.issues.map(({ option, problem, remedy }) => `${option}: ${problem} ${remedy}`);
  }
}

afterEach(() => {
  vi.unstubAllEnvs();
});

describe('options of sessions', () => {
  it.each<[string, object, object, RegExp]>([
    ['a short secret', { secrets: ['short'] }, { secrets }, /^session\.secrets: .*can be guessed/u],
    ['one letter over and over', { secrets: ['a'.repeat(40)] }, { secrets }, /^session\.secrets: .*can be guessed/u],
    ['a weak one among them', { secrets: [...secrets, 'old'] }, { secrets }, /^session\.secrets: .*can be guessed/u],
    ['no secret in the list', { secrets: [] }, { secrets }, /^session\.secrets: is empty/u],
    ['a text for a list', { secrets: secrets[0] }, { secrets }, /^session\.secrets: is not a list/u],
    ['a name of a cookie', { secrets, cookieName: 'a b' }, { secrets, cookieName: 'a-b' }, /^session\.cookieName/u],
    ['too short a time', { secrets, idleSeconds: 59 }, { secrets, idleSeconds: 60 }, /^session\.idleSeconds/u],
    [
      'idle for longer than it lasts',
      { secrets, idleSeconds: 601, absoluteSeconds: 600 },
      { secrets, idleSeconds: 600, absoluteSeconds: 600 },
      /^session\.idleSeconds: is more than absoluteSeconds/u,
    ],
    [
      'fresh groups without the tokens to read them',
      { secrets, membershipMaxAgeSeconds: 60, keepTokens: false },
      { secrets, membershipMaxAgeSeconds: 60 },
      /^session\.membershipMaxAgeSeconds: needs the tokens/u,
    ],
    ['a store that is none', { secrets, store: {} }, { secrets, mount: true }, /^session\.store/u],
    [
      'a store of ours in a session of theirs',
      { secrets, mount: false, cookieName: 'x' },
      { secrets, mount: false },
      /^session\.cookieName/u,
    ],
    [
      'a name that is none',
      { secrets, idleSecond: 60 },
      { secrets, idleSeconds: 60 },
      /^session\.idleSecond: is not an option/u,
    ],
  ])('%s stops the start', async (_what, wrong, right, message) => {
    expect(await mistakesOf(wrong)).toEqual([expect.stringMatching(message)]);
    expect(await mistakesOf(right)).toEqual([]);
  });

  it('are needed by the feature, and the feature is needed by nobody who has them', async () => {
    expect(await mistakesOf(undefined)).toEqual([
      expect.stringMatching(/^session: is missing.* Write session: \{\} for development.*secrets: \[.*openssl rand/u),
    ]);
    expect(await mistakesOf({ secrets }, {}, { features: ['bearer'] })).toEqual([]);
    expect(await mistakesOf({ secrets }, {}, { features: ['session'] })).toEqual([]);
  });

  it('fresh groups need offline_access and profile among the scopes', async () => {
    const session = { secrets, membershipMaxAgeSeconds: 60 };
    expect(await mistakesOf(session, { scopes: ['openid'] })).toEqual([
      expect.stringContaining('needs the scope offline_access'),
      expect.stringContaining('needs the scope profile'),
    ]);
    expect(await mistakesOf(session, { scopes: ['openid', 'profile', 'offline_access'] })).toEqual([]);
  });

  it('without a secret start in development alone', async () => {
    expect(await mistakesOf({})).toEqual([]);
    vi.stubEnv('NODE_ENV', 'production');
    expect(await mistakesOf({})).toEqual([expect.stringMatching(/^session\.secrets: is missing/u)]);
    expect(await mistakesOf({ secrets })).toEqual([]);
  });

  it.each(['/auth', 'auth/', 'a//b', 'a b', '', '../x'])(
    'the prefix %j of the routes stops the start',
    async (prefix) => {
      expect(await mistakesOf({ secrets }, {}, { ...browsers, routes: { prefix } })).toEqual([
        expect.stringMatching(/^routes\.prefix/u),
      ]);
      expect(await mistakesOf({ secrets }, {}, { ...browsers, routes: { prefix: 'account/session' } })).toEqual([]);
    },
  );

  it('come from the environment, the newest secret first, and show none of them', async () => {
    const given = authentikConfigFromEnv({
      AUTHENTIK_URL: sound.url,
      AUTHENTIK_APPLICATION_SLUG: sound.applicationSlug,
      AUTHENTIK_CLIENT_ID: sound.clientId,
      AUTHENTIK_PUBLIC_URL: sound.publicUrl,
      AUTHENTIK_SESSION_SECRET: `${secrets[0]}, another-secret-0123456789-abcdefghij`,
      AUTHENTIK_SESSION_KEEP_TOKENS: 'true',
    });
    const { session } = await resolveOptions(given);
    expect(session?.secrets).toEqual([secrets[0], 'another-secret-0123456789-abcdefghij']);
    expect(session).toMatchObject({ keepTokens: true, cookieName: '__Host-authentik', idleSeconds: 3600, mount: true });
    expect(inspect(session, { depth: 5 }) + JSON.stringify(session)).not.toContain(secrets[0]);
  });
});
