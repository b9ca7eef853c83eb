import { inspect } from 'node:util';

import { Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import {
  AuthentikConfigError,
  AuthentikModule,
  type AuthentikModuleExtras,
  authentikConfigFromEnv,
  InjectAuthentikOptions,
  type ResolvedAuthentikOptions,
} from 'nestjs-authentik';
import { createClient } from 'redis';
import { describe, expect, it } from 'vitest';
import { MemoryStore } from '../../libs/authentik/src/stores/memory.store.js';

const sound = {
  url: 'https://auth.example.com',
  applicationSlug: 'reports',
  clientId: 'reports-api',
  publicUrl: 'https://reports.example.com',
};

/** What stops the start; nothing when the module starts. */
async function failureOf(
  changes: object,
  extras: AuthentikModuleExtras = {},
): Promise<AuthentikConfigError | undefined> {
  const options = { ...sound, ...changes, ...extras };
  try {
    const testing = await Test.createTestingModule({ imports: [AuthentikModule.forRoot(options)] }).compile();
    await testing.close();
    return undefined;
  } catch (error) {
    if (!(error instanceof AuthentikConfigError)) throw error;
    return error;
  }
}

async function mistakesOf(changes: object, extras: AuthentikModuleExtras = {}): Promise<string[]> {
  const { issues = [] } = (await failureOf(changes, extras)) ?? {};
  return issues.map(({ option, problem, remedy }) => `${option}: ${problem} ${remedy}`);
}

describe('each mistake stops the start, beside a neighbour that does not', () => {
  it('nothing is wrong with the neighbour', async () => {
    expect(await mistakesOf({})).toEqual([]);
  });

  it.each<[string, object, object, RegExp]>([
    [
      'a url that is none',
      { url: 'auth.example.com' },
      { url: 'https://auth.example.com/' },
      /^url: is not the address/u,
    ],
    [
      'the url of the issuer',
      { url: 'https://auth.example.com/application/o/reports/' },
      { url: 'https://auth.example.com/sub' },
      /^url: is not the address.*Write what a browser opens/u,
    ],
    [
      'a slug with a slash',
      { applicationSlug: 'o/reports' },
      { applicationSlug: 'o-reports' },
      /^applicationSlug: is not an application slug\. Copy "Slug"/u,
    ],
    [
      'the address of a Redis that is none',
      { redis: { url: 'http://redis:6379' } },
      { redis: { url: 'redis://127.0.0.1:1/3' } },
      /^redis\.url: is not the address of a Redis\. Write "redis:/u,
    ],
    [
      'a Redis without an address',
      { redis: { keyPrefix: 'reports:' } },
      { redis: { url: 'redis://127.0.0.1:1', keyPrefix: 'reports:' } },
      /^redis: names no server\./u,
    ],
    [
      'a Redis client that is none',
      { redis: { client: {} } },
      { redis: { client: createClient() } },
      /^redis\.client: is not a client of the package redis\./u,
    ],
    [
      'two answers to the question where Redis is',
      { redis: { client: createClient(), url: 'redis://127.0.0.1:1' } },
      { redis: { client: createClient() } },
      /^redis: has both url and client/u,
    ],
    ['a store that is none', { store: new Map() }, { store: new MemoryStore() }, /^store: is not a KeyValueStore\./u],
    [
      'two answers to the question where the store is',
      { store: new MemoryStore(), redis: { url: 'redis://127.0.0.1:1' } },
      { store: new MemoryStore() },
      /^store: is given beside redis/u,
    ],
    [
      'a yes that is a word',
      { tokens: { dangerouslyAcceptUserInfo: 'yes' } },
      { tokens: { dangerouslyAcceptUserInfo: true } },
      /^tokens\.dangerouslyAcceptUserInfo: is neither true nor false\./u,
    ],
    [
      'UserInfo as the judge beside a secret to introspect with',
      { clientSecret: 'tWq7vXo2mK9dLs4pRz8nYb3c', tokens: { dangerouslyAcceptUserInfo: true } },
      { clientSecret: 'tWq7vXo2mK9dLs4pRz8nYb3c', tokens: { dangerouslyAcceptUserInfo: false } },
      /^tokens\.dangerouslyAcceptUserInfo: is for apps without any clientSecret/u,
    ],
    [
      'UserInfo as the judge beside the secret of a trusted application',
      {
        trustedApplications: [
          { applicationSlug: 'mobile', clientId: 'mobile', clientSecret: 'tWq7vXo2mK9dLs4pRz8nYb3c' },
        ],
        tokens: { dangerouslyAcceptUserInfo: true },
      },
      {
        trustedApplications: [{ applicationSlug: 'mobile', clientId: 'mobile' }],
        tokens: { dangerouslyAcceptUserInfo: true },
      },
      /^tokens\.dangerouslyAcceptUserInfo: is for apps without any clientSecret/u,
    ],
    [
      'http outside of loopback',
      { url: 'http://auth.example.com' },
      { url: 'http://auth.example.com', dangerouslyAllowHttp: true },
      /^url: is plain http outside of this machine.*dangerouslyAllowHttp/u,
    ],
    [
      'our own http outside of loopback',
      { publicUrl: 'http://reports.example.com' },
      { publicUrl: 'http://127.0.0.1:3000' },
      /^publicUrl: is plain http outside of this machine/u,
    ],
    [
      'an internal http outside of loopback',
      { internalUrl: 'http://authentik-server:9000' },
      { internalUrl: 'http://localhost:9000' },
      /^internalUrl: is plain http outside of this machine/u,
    ],
    [
      'an internal url with another path',
      { internalUrl: 'https://authentik-server:9443/sub' },
      { url: 'https://auth.example.com/sub', internalUrl: 'https://authentik-server:9443/sub/' },
      /^internalUrl: has another path than url/u,
    ],
    ['no openid', { scopes: ['profile'] }, { scopes: ['openid'] }, /^scopes: lacks openid.*Add "openid"/u],
    [
      'the scope groups',
      { scopes: ['openid', 'groups'] },
      { scopes: ['openid', 'profile'] },
      /^scopes: names groups.*keep "profile": groups come with it/u,
    ],
    [
      'allowedGroups without profile',
      { allowedGroups: ['staff'], scopes: ['openid'] },
      { allowedGroups: ['staff'], scopes: ['openid', 'profile'] },
      /^allowedGroups: can never be met.*Add "profile"/u,
    ],
    ['empty allowedGroups', { allowedGroups: [] }, { allowedGroups: ['staff'] }, /^allowedGroups: is empty/u],
    [
      'a placeholder for a secret',
      { clientSecret: '<client secret>' },
      { clientSecret: 'kJ3n1RZ0w9' },
      /^clientSecret: is a placeholder, not a secret\. Copy "Client Secret"/u,
    ],
    ['an empty secret', { clientSecret: '' }, {}, /^clientSecret: is empty/u],
    ['a name with a typing error', { clientID: 'x' }, {}, /^clientID: is not an option\. Did you mean clientId\?/u],
    [
      'a name that is far from all',
      { wibble: true },
      {},
      /^wibble: is not an option\. There are allowedGroups, .*url\.$/u,
    ],
    [
      'a name below tokens',
      { tokens: { staleKeySeconds: 1 } },
      { tokens: { staleKeysSeconds: 1 } },
      /^tokens\.staleKeySeconds: is not an option\. Did you mean staleKeysSeconds\?/u,
    ],
    [
      'an extra with a typing error',
      { globalGuard: true },
      { globalGuards: true },
      /^globalGuard: is not an option\. Did you mean globalGuards\?/u,
    ],
    [
      'an issuer mode that does not exist',
      { issuerMode: 'per-provider' },
      { issuerMode: 'global' },
      /^issuerMode: is not an issuer mode.*per_provider or global/u,
    ],
    [
      'a trusted application without a client id',
      { trustedApplications: [{ applicationSlug: 'mobile' }] },
      { trustedApplications: [{ applicationSlug: 'mobile', clientId: 'mobile' }] },
      /^trustedApplications\.0\.clientId: is missing\. Copy "Client ID"/u,
    ],
    [
      'the own application among the trusted ones',
      { trustedApplications: [{ applicationSlug: 'reports', clientId: 'mobile' }] },
      { trustedApplications: [{ applicationSlug: 'mobile', clientId: 'mobile' }] },
      /^trustedApplications\.0\.applicationSlug: is that of another entry/u,
    ],
    [
      'one application twice',
      {
        trustedApplications: [
          { applicationSlug: 'mobile', clientId: 'mobile' },
          { applicationSlug: 'web', clientId: 'mobile' },
        ],
      },
      {
        trustedApplications: [
          { applicationSlug: 'mobile', clientId: 'mobile' },
          { applicationSlug: 'web', clientId: 'web' },
        ],
      },
      /^trustedApplications\.1\.clientId: is that of another entry/u,
    ],
    [
      'a level that Nest does not have',
      { logLevel: 'loud' },
      { logLevel: 'debug' },
      /^logLevel: is not a level.*debug/u,
    ],
  ])('%s', async (_what, wrong, right, message) => {
    const mistakes = await mistakesOf(wrong);
    expect(mistakes).toEqual([expect.stringMatching(message)]);
    expect(await mistakesOf(right)).toEqual([]);
  });

  it('what two entries lack is not what they have in common', async () => {
    const trustedApplications = [{ applicationSlug: 'mobile' }, { applicationSlug: 'web' }];
    expect(await mistakesOf({ clientId: undefined, trustedApplications })).toEqual([
      expect.stringMatching(/^clientId: is missing/u),
      expect.stringMatching(/^trustedApplications\.0\.clientId: is missing/u),
      expect.stringMatching(/^trustedApplications\.1\.clientId: is missing/u),
    ]);
  });

  it('a feature that does not exist, and none that lets anybody in', async () => {
    expect(await mistakesOf({}, { features: ['wellKnown', 'sesion' as 'bearer'] })).toEqual([
      'features: names a feature that does not exist. There are bearer, session, wellKnown.',
      'features: opens no door: nobody could prove who they are. Add "bearer" or "session".',
    ]);
    expect(await mistakesOf({}, { features: ['bearer'] })).toEqual([]);
  });

  it('each once, where nobody catches the error and Node prints it', async () => {
    const failure = await failureOf({ url: 'auth.example.com', clientSecret: 'changeme' });
    const { issues = [] } = failure ?? {};
    expect(issues.map(({ option }) => option)).toEqual(['url', 'clientSecret']);
    for (const { problem } of issues) expect(inspect(failure).split(problem)).toHaveLength(2);
  });

  it('all at once', async () => {
    const mistakes = await mistakesOf({
      url: 'http://auth.example.com',
      applicationSlug: 'a/b',
      clientSecret: 'changeme',
      scopes: ['groups'],
      clientid: 'x',
    });
    expect(mistakes.map((line) => line.slice(0, line.indexOf(':')))).toEqual([
      'clientid',
      'applicationSlug',
      'clientSecret',
      'url',
      'scopes',
      'scopes',
    ]);
  });

  it('in the environment too, with the name of the variable', async () => {
    const options = authentikConfigFromEnv({
      AUTHENTIK_URL: 'https://auth.example.com',
      AUTHENTIK_TRUSTED_APPLICATIONS: 'mobile:mobile-client, web',
      AUTHENTIK_LEGACY_METADATA: 'yes',
    });
    expect(options.trustedApplications?.[0]).toEqual({ applicationSlug: 'mobile', clientId: 'mobile-client' });
    await expect(
      Test.createTestingModule({ imports: [AuthentikModule.forRoot(options)] }).compile(),
    ).rejects.toMatchObject({
      issues: expect.arrayContaining([
        expect.objectContaining({
          option: 'clientId',
          problem: 'is missing (AUTHENTIK_CLIENT_ID in the environment).',
        }),
        expect.objectContaining({ option: 'legacyMetadata' }),
        expect.objectContaining({ option: expect.stringMatching(/^trustedApplications/u) as unknown }),
      ]) as unknown,
    });
  });
});

describe('names of variables in the environment', () => {
  const environment = {
    AUTHENTIK_URL: sound.url,
    AUTHENTIK_APPLICATION_SLUG: sound.applicationSlug,
    AUTHENTIK_CLIENT_ID: sound.clientId,
    AUTHENTIK_PUBLIC_URL: sound.publicUrl,
  };
  const mistakesIn = (changes: Record<string, string | undefined>) =>
    mistakesOf(Object.assign({ clientId: undefined }, authentikConfigFromEnv({ ...environment, ...changes })));

  it.each([
    ['AUTHENTIK_CLIENTID', 'AUTHENTIK_CLIENT_ID'],
    ['AUTHENTIK_APPLICATION', 'AUTHENTIK_APPLICATION_SLUG'],
    ['AUTHENTIK_URI', 'AUTHENTIK_URL'],
    ['AUTHENTIK_SCOPE', 'AUTHENTIK_SCOPES'],
    ['AUTHENTIK_TIMEOUT', 'AUTHENTIK_TIMEOUT_MS'],
    ['AUTHENTIK_SESSION_SECRETS', 'AUTHENTIK_SESSION_SECRET'],
    ['AUTHENTIK_ALLOWED_GROUP', 'AUTHENTIK_ALLOWED_GROUPS'],
    ['AUTHENTIK_TOKEN_VALIDATION', 'AUTHENTIK_TOKENS_VALIDATION'],
    ['AUTHENTIC_INTERNAL_URL', 'AUTHENTIK_INTERNAL_URL'],
  ])('%s stops the start, and %s is what was meant', async (misspelt, right) => {
    expect(await mistakesIn({ [misspelt]: 'kJ3n1RZ0w9' })).toEqual([
      expect.stringMatching(
        new RegExp(`^${misspelt}: is not a variable of this library\\. Did you mean ${right}\\?`, 'u'),
      ),
    ]);
    expect(await mistakesIn({ [misspelt]: ' ' }), 'empty means not set').toEqual([]);
  });

  it('are named with all other mistakes, and without what they hold', async () => {
    const mistakes = await mistakesIn({
      AUTHENTIK_CLIENT_ID: undefined,
      AUTHENTIK_CLIENTID: 'kJ3n1RZ0w9',
      AUTHENTIK_LOG_LEVEL: 'loud',
    });
    expect(mistakes.map((line) => line.slice(0, line.indexOf(':'))).toSorted()).toEqual([
      'AUTHENTIK_CLIENTID',
      'clientId',
      'logLevel',
    ]);
    expect(mistakes.join()).not.toContain('kJ3n1RZ0w9');
  });

  it('are still known where an app adds options of its own', async () => {
    const given: object = authentikConfigFromEnv({ ...environment, AUTHENTIK_CLIENTID: 'x' });
    expect(await mistakesOf({ ...given, timeoutMs: 500 })).toHaveLength(1);
  });

  it('that are of Authentik, its outposts, its other tools and our development server are left alone', async () => {
    const others = `
      SECRET_KEY POSTGRESQL__HOST REDIS__HOST REDIS__URL REDIS__DB EMAIL__HOST WEB__PATH COOKIE_DOMAIN SESSION_STORAGE
      PUBLIC_KEY CLIENT_KEY
      DEBUG AVATARS IMPERSONATION CERT_DISCOVERY_DIR BOOTSTRAP_PASSWORD BOOTSTRAP_TOKEN BOOTSTRAP_EMAIL
      DEFAULT_TOKEN_LENGTH IMAGE TAG HOST HOST_BROWSER TOKEN INSECURE API_URL API_TOKEN HEADERS ISSUER REDIRECT_URI
      DEV_PORT DEV_PASSWORD DEV_VERSION DEV_CLIENT_ID`;
    const set = others.split(/\s+/u).map((name) => [`AUTHENTIK_${name}`, 'x']);
    expect(await mistakesIn(Object.fromEntries(set) as Record<string, string>)).toEqual([]);
  });
});

describe('secrets in the options', () => {
  const secrets = { own: 'own-kJ3n1RZ0w9', trusted: 'trusted-8sKq2L' };

  class Reader {
    constructor(@InjectAuthentikOptions() readonly resolved: ResolvedAuthentikOptions) {}
  }

  @Module({
    imports: [
      AuthentikModule.forRoot({
        ...sound,
        clientSecret: secrets.own,
        trustedApplications: [{ applicationSlug: 'web', clientId: 'web', clientSecret: secrets.trusted }],
      }),
    ],
    providers: [Reader],
  })
  class SecretiveModule {}

  it('are there for those who ask by name, and show in no dump', async () => {
    const testing = await Test.createTestingModule({ imports: [SecretiveModule] }).compile();
    const { resolved } = testing.get(Reader);
    expect(resolved.clientSecret).toBe(secrets.own);
    expect(resolved.applications[1]?.clientSecret).toBe(secrets.trusted);
    const dumps = [
      inspect(resolved, { depth: null, showHidden: true }),
      JSON.stringify(resolved),
      JSON.stringify({ ...resolved }),
    ].join();
    for (const secret of Object.values(secrets)) expect(dumps).not.toContain(secret);
    await testing.close();
  });

  it('are not in the message about a mistake beside them', async () => {
    const failure = await mistakesOf({ clientSecret: secrets.own, url: 'x' });
    expect(failure.join()).not.toContain(secrets.own);
  });
});
