import { randomUUID } from 'node:crypto';

import type { INestApplication } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { type BrokenKind, type EmbeddedAuthentik, startEmbeddedAuthentik } from 'nestjs-authentik-testing';
import request from 'supertest';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { letPass } from '../harness/let-pass.js';
import { type LogLines, recordLog } from '../harness/log-lines.js';
import { postLogoutToken, startBrowserApp } from './app.js';

const event = 'http://schemas.openid.net/event/backchannel-logout';
const clientSecret = 'Zq3vX8kLw2Rt6Yp9Bn4Mj7Hd1Fs5Gc0T';

let authentik: EmbeddedAuthentik;
let app: INestApplication;
let log: LogLines;

beforeAll(async () => {
  authentik = await startEmbeddedAuthentik({
    applications: [
      { slug: 'mcp-server', clientType: 'public' },
      { slug: 'mobile' },
      { slug: 'other' },
      { slug: 'symmetric', clientSecret, signing: 'HS256' },
      { slug: 'encrypted' },
    ],
  });
});
afterAll(() => authentik.stop());
beforeEach(async () => {
  log = recordLog();
  app = await startBrowserApp(
    authentik.url,
    {
      trustedApplications: [{ applicationSlug: 'mobile', clientId: 'mobile' }],
      tokens: { staleKeysSeconds: 0 },
    },
    log.logger,
  );
});
afterEach(async () => {
  await authentik.clearFaults();
  await app.close();
});

const whatTheStartHasReadCountsNoMore = () => letPass(6 * 60 * 1000);
const askedAboutMobile = () => authentik.requests.filter(({ path }) => path.includes('/mobile/')).length;

/** Claims of a sound logout token, all else of an access token taken away. */
const claims = (more: object = {}) => ({
  jti: randomUUID(),
  events: { [event]: {} },
  ...Object.fromEntries(
    ['azp', 'uid', 'scope', 'auth_time', 'acr', 'amr', 'nonce', 'email', 'email_verified', 'name', 'given_name'].map(
      (name) => [name, undefined],
    ),
  ),
  ...more,
});
const logoutToken = (more: object = {}, application = 'mcp-server') =>
  authentik.mintAccessToken({ user: 'alice', application, claims: claims(more) });
const broken = (kind: BrokenKind, application = 'mcp-server') =>
  authentik.mintBroken({ user: 'alice', application, kind, claims: claims() });

/** The reason for the operator, of the one line that a refusal writes. */
const refusedFor = () => log.lines.filter((line) => line.includes('refused 400 logout_token'));

const now = () => Math.floor(Date.now() / 1000);

describe('a logout token', () => {
  it('that is sound is answered with an empty 200 that nobody keeps', async () => {
    const response = await postLogoutToken(app, await logoutToken()).expect(200);
    expect(response.text).toBe('');
    expect(response.headers['cache-control']).toBe('no-store');
    expect(refusedFor()).toEqual([]);
  });

  it.each([
    ['names a session and no person', { sub: undefined }],
    ['names a person and no session', { sid: undefined }],
    ['has no expiry, as of Authentik 2025.8', { exp: undefined }],
    ['is for several, and us among them', { aud: ['another', 'mcp-server'] }],
    ['expired within the allowed clock difference', { exp: now() - 10 }],
  ])('counts when it %s', async (_case, more) => {
    await postLogoutToken(app, await logoutToken(more)).expect(200);
  });

  it('counts when it is for an application that is trusted', async () => {
    await postLogoutToken(app, await logoutToken({}, 'mobile')).expect(200);
  });

  it.each([
    ['is for another application', { aud: 'other' }, 'for another application'],
    ['is for a trusted application, by our issuer', { aud: 'mobile' }, 'for another application'],
    ['has no audience', { aud: undefined }, 'for another application'],
    ['is of another issuer', { iss: 'https://evil.example/application/o/mcp-server/' }, 'another issuer'],
    ['has no issuer', { iss: undefined }, 'another issuer'],
    ['names no events', { events: undefined }, 'names no back-channel logout'],
    ['names another event', { events: { 'https://example.com/event': {} } }, 'names no back-channel logout'],
    ['names the event in a list', { events: [event] }, 'names no back-channel logout'],
    ['names the event without an object', { events: { [event]: true } }, 'names no back-channel logout'],
    ['has a nonce', { nonce: 'n' }, 'has a nonce'],
    ['has an empty nonce', { nonce: '' }, 'has a nonce'],
    ['names neither session nor person', { sub: undefined, sid: undefined }, 'neither a session nor a person'],
    ['names them by nothing', { sub: '', sid: '' }, 'neither a session nor a person'],
    ['has no jti', { jti: undefined }, 'has no jti'],
    ['has a jti that is no text', { jti: 7 }, 'has no jti'],
    ['has no iat', { iat: undefined }, 'when it was issued'],
    ['was issued in the future', { iat: now() + 600 }, 'when it was issued'],
    ['expired', { exp: now() - 60 }, 'expired'],
    ['has no expiry and is old', { exp: undefined, iat: now() - 3700 }, 'expired'],
  ])('is refused when it %s', async (_case, more, why) => {
    const response = await postLogoutToken(app, await logoutToken(more)).expect(400);
    expect(response.body).toEqual({
      error: 'invalid_request',
      error_description: 'The logout token is not acceptable here',
    });
    expect(response.headers['cache-control']).toBe('no-store');
    expect(refusedFor()).toEqual([expect.stringContaining(why)]);
  });

  it.each([
    ['algNone', 'algorithm'],
    ['hs256WithPublicKey', 'algorithm'],
    ['badSignature', 'signature'],
    ['noSignature', 'signature'],
    ['unknownKey', 'does not publish'],
    ['foreignKeySameKid', 'signature'],
    ['keyInHeader', 'signature'],
    ['unknownCritical', 'algorithm'],
    ['payloadNotJson', 'not a JWT'],
    ['truncated', 'not a JWT'],
    ['garbage', 'not a JWT'],
  ] satisfies [BrokenKind, string][])('is refused when it is forged: %s', async (kind, why) => {
    // The keys are known, so that nothing is refused for want of them.
    await postLogoutToken(app, await logoutToken()).expect(200);
    await postLogoutToken(app, await broken(kind)).expect(400);
    expect(refusedFor()).toEqual([expect.stringContaining(why)]);
  });

  it('is refused when it is an ID token', async () => {
    await postLogoutToken(app, await authentik.mintBroken({ user: 'alice', kind: 'idToken' })).expect(400);
    expect(refusedFor()).toEqual([expect.stringContaining('names no back-channel logout')]);
  });

  it('is refused when it is an access token', async () => {
    await postLogoutToken(app, await authentik.mintAccessToken({ user: 'alice' })).expect(400);
  });

  it('is refused when it is sent again, and not by another token', async () => {
    const token = await logoutToken();
    await postLogoutToken(app, token).expect(200);
    await postLogoutToken(app, token).expect(400);
    expect(refusedFor()).toEqual([expect.stringContaining('sent before')]);
    await postLogoutToken(app, await logoutToken()).expect(200);
  });

  it('counts once when it is sent many times at once', async () => {
    const token = await logoutToken();
    const answers = await Promise.all(Array.from({ length: 5 }, () => postLogoutToken(app, token)));
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 400, 400, 400, 400]);
  });

  it('with the id of another issuer is another token', async () => {
    const jti = randomUUID();
    await postLogoutToken(app, await logoutToken({ jti })).expect(200);
    await postLogoutToken(app, await logoutToken({ jti }, 'mobile')).expect(200);
  });
});

describe('a logout token that nobody can judge', () => {
  it('is 503 while Authentik is down, and counts when it comes again', async () => {
    const token = await logoutToken({}, 'mobile');
    await authentik.fault('down');
    whatTheStartHasReadCountsNoMore();
    const away = await postLogoutToken(app, token).expect(503);
    expect(away.headers['retry-after']).toMatch(/^\d+$/u);
    await authentik.clearFaults();
    await expect
      .poll(async () => (await postLogoutToken(app, token)).status, { timeout: 10_000, interval: 100 })
      .toBe(200);
  });

  it('asks Authentik for nothing when it is hopeless', async () => {
    const before = askedAboutMobile();
    whatTheStartHasReadCountsNoMore();
    await postLogoutToken(app, await broken('algNone', 'mobile')).expect(400);
    await postLogoutToken(app, await logoutToken({ aud: 'other' }, 'mobile')).expect(400);
    expect(askedAboutMobile()).toBe(before);
    await postLogoutToken(app, await logoutToken({}, 'mobile')).expect(200);
    expect(askedAboutMobile()).toBeGreaterThan(before);
  });
});

const post = () => request(app.getHttpServer()).post('/auth/backchannel-logout');

describe('what is posted', () => {
  it.each([
    ['JSON', async () => post().send({ logout_token: await logoutToken() })],
    ['nothing', async () => post()],
    ['a form without a token', async () => post().type('form').send({ token: 'x' })],
    ['an empty token', async () => post().type('form').send({ logout_token: '' })],
    [
      'two tokens',
      async () =>
        post()
          .type('form')
          .send(`logout_token=${await logoutToken()}&logout_token=${await logoutToken()}`),
    ],
    [
      'a nested token',
      async () =>
        post()
          .type('form')
          .send(`logout_token[x]=${await logoutToken()}`),
    ],
    [
      'a token in the query',
      async () =>
        post()
          .query({ logout_token: await logoutToken() })
          .type('form'),
    ],
  ])('is refused when it is %s', async (_case, send) => {
    const response = await send();
    expect(response.status).toBe(400);
    expect(refusedFor()).toEqual([expect.stringContaining('not one form with one logout_token')]);
  });

  it('is refused above 16 KiB', async () => {
    await postLogoutToken(app, 'x'.repeat(16 * 1024 + 100)).expect(400);
    expect(refusedFor()).toEqual([expect.stringContaining('over 16 KiB')]);
  });

  it('may hold more than the token', async () => {
    await post()
      .type('form')
      .send({ logout_token: await logoutToken(), state: 'x' })
      .expect(200);
  });
});

describe('an app that parses no bodies', () => {
  it('takes a logout token, and no endless one', async () => {
    const { NestFactory } = await import('@nestjs/core');
    const { AuthentikModule } = await import('nestjs-authentik');
    const plain = await NestFactory.create(
      AuthentikModule.forRoot({
        url: authentik.url,
        applicationSlug: 'mcp-server',
        clientId: 'mcp-server',
        publicUrl: 'http://localhost:3000',
        session: { secrets: ['a secret of more than 32 characters'] },
        features: ['bearer', 'session'],
      }),
      { bodyParser: false, logger: false },
    );
    await plain.init();
    await postLogoutToken(plain, await logoutToken()).expect(200);
    await request(plain.getHttpServer())
      .post('/auth/backchannel-logout')
      .set('transfer-encoding', 'chunked')
      .type('form')
      .send(`logout_token=${'x'.repeat(64 * 1024)}`)
      .expect(400);
    await plain.close();
  });
});

const startSymmetric = (acceptHs256: boolean) =>
  startBrowserApp(
    authentik.url,
    { applicationSlug: 'symmetric', clientId: 'symmetric', clientSecret, tokens: { acceptHs256 } },
    log.logger,
  );

describe('a provider without signing key', () => {
  it('logs out where HS256 is accepted, and nowhere else', async () => {
    const token = await logoutToken({}, 'symmetric');
    const [accepting, refusing] = [await startSymmetric(true), await startSymmetric(false)];
    await postLogoutToken(refusing, token).expect(400);
    await postLogoutToken(accepting, token).expect(200);
    await Promise.all([accepting.close(), refusing.close()]);
  });
});

describe('one address', () => {
  it('may send so many logout tokens a minute that are refused, and is told when to come again', async () => {
    const limited = await startBrowserApp(authentik.url, { session: { maxLogoutTokensPerMinute: 2 } }, log.logger);
    const used = await logoutToken();
    await postLogoutToken(limited, used).expect(200);
    await postLogoutToken(limited, 'garbage').expect(400);
    await postLogoutToken(limited, await broken('badSignature')).expect(400);
    for (const refused of ['garbage', await broken('badSignature'), used]) {
      const response = await postLogoutToken(limited, refused).expect(429);
      expect(response.body).toMatchObject({ error: 'too_many_requests' });
      expect(Number(response.headers['retry-after'])).toBeGreaterThan(0);
      expect(Number(response.headers['retry-after'])).toBeLessThanOrEqual(60);
    }
    await limited.close();
  });

  it('that is also that of Authentik uses up nothing that sound ones need, which are not counted', async () => {
    const limited = await startBrowserApp(authentik.url, { session: { maxLogoutTokensPerMinute: 1 } }, log.logger);
    for (let sound = 0; sound < 3; sound += 1) await postLogoutToken(limited, await logoutToken()).expect(200);
    await postLogoutToken(limited, 'garbage').expect(400);
    await postLogoutToken(limited, 'garbage').expect(429);
    await postLogoutToken(limited, await logoutToken()).expect(200);
    await limited.close();
  });

  it('counts for itself where the proxy is known', async () => {
    const limited = await startBrowserApp(
      authentik.url,
      { session: { maxLogoutTokensPerMinute: 1 } },
      log.logger,
      (each) => (each as unknown as NestExpressApplication).set('trust proxy', 1),
    );
    const from = (address: string) => postLogoutToken(limited, 'garbage').set('x-forwarded-for', address);
    await from('192.0.2.1').expect(400);
    await from('192.0.2.2').expect(400);
    await from('192.0.2.1').expect(429);
    expect(log.lines.filter((line) => line.includes('trust proxy'))).toEqual([]);
    await limited.close();
  });

  it('is that of the proxy where nobody told of it, which the log says once', async () => {
    await postLogoutToken(app, 'garbage').set('x-forwarded-for', '192.0.2.1').expect(400);
    await postLogoutToken(app, 'garbage').set('x-forwarded-for', '192.0.2.2').expect(400);
    expect(log.lines.filter((line) => line.includes('trust proxy'))).toHaveLength(1);
  });
});
