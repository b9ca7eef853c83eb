import type { EmbeddedAuthentik } from 'nestjs-authentik-testing';
import { expect } from 'vitest';
import { CALLBACK, decode, redeem, signInForCode } from '../client.js';
import type { Lines } from './line.js';
import { APP_PASSWORD, askToken, grantOf, WEB } from './world.js';

const { client_id, client_secret } = WEB;
const THRESHOLD = { client_id: 'threshold', redirect_uri: CALLBACK };

const refresh = (authentik: EmbeddedAuthentik, refreshToken: unknown, form: Record<string, string> = {}) =>
  askToken(authentik, {
    grant_type: 'refresh_token',
    refresh_token: String(refreshToken),
    client_id,
    client_secret,
    ...form,
  });

const clientCredentials = (authentik: EmbeddedAuthentik, form: Record<string, string>) =>
  askToken(authentik, { grant_type: 'client_credentials', client_id, ...form });

const userinfoStatus = async (authentik: EmbeddedAuthentik, accessToken: unknown) =>
  (
    await fetch(`${authentik.url}/application/o/userinfo/`, {
      headers: { authorization: `Bearer ${String(accessToken)}` },
    })
  ).status;

/** Every way in which the token endpoint says no, with its code. */
const REFUSALS: readonly (readonly [Record<string, string>, string])[] = [
  [{ grant_type: 'authorization_code', client_id: 'nobody' }, 'invalid_client'],
  [{}, 'invalid_client'],
  [{ grant_type: 'authorization_code', client_id, client_secret: 'wrong', code: 'x' }, 'invalid_client'],
  [{ grant_type: 'authorization_code', ...WEB, code: 'x' }, 'invalid_grant'],
  [{ grant_type: 'authorization_code', ...WEB, code: 'x', redirect_uri: 'https://evil.example' }, 'invalid_client'],
  [{ grant_type: 'refresh_token', client_id, client_secret, refresh_token: 'x' }, 'invalid_grant'],
  [{ grant_type: 'client_credentials', client_id, client_secret: 'wrong' }, 'invalid_grant'],
  [{ grant_type: 'password', client_id, username: 'alice', password: 'her own' }, 'invalid_grant'],
];

/** Lines on the token endpoint. */
export const tokenLines: Lines = {
  14: [
    {
      what: 'refusals are 400 JSON, `invalid_client` too, never to be stored and without `WWW-Authenticate`',
      evidence: 'recorded',
      holds: async (authentik) => {
        for (const [form, error] of REFUSALS) {
          const { status, headers, body } = await askToken(authentik, form);
          expect([form, status, body['error']]).toEqual([form, 400, error]);
          expect(body['error_description']).toEqual(expect.any(String));
          expect(headers.get('content-type')).toBe('application/json');
          expect([headers.get('cache-control'), headers.get('pragma')]).toEqual(['no-store', 'no-cache']);
          expect(headers.has('www-authenticate')).toBe(false);
        }
      },
    },
    {
      what: 'refusals carry `request_id`, the value of `X-authentik-id`',
      versions: '>=2025.10.0',
      evidence: 'recorded',
      holds: async (authentik) => {
        const { headers, body } = await askToken(authentik, {});
        expect(body['request_id']).toMatch(/^[0-9a-f]{32}$/);
        expect(body['request_id']).toBe(headers.get('x-authentik-id'));
      },
      otherwise: async (authentik) => {
        const { headers, body } = await askToken(authentik, {});
        expect(body).not.toHaveProperty('request_id');
        expect(headers.get('x-authentik-id')).toMatch(/^[0-9a-f]{32}$/);
      },
    },
    {
      what: 'an unknown grant type is `invalid_grant`, before the secret is looked at',
      versions: '>=2026.5.0',
      evidence: 'recorded',
      holds: async (authentik) => {
        expect((await askToken(authentik, { grant_type: 'magic', client_id })).body['error']).toBe('invalid_grant');
      },
      otherwise: async (authentik) => {
        expect((await askToken(authentik, { grant_type: 'magic', client_id })).body['error']).toBe(
          'unsupported_grant_type',
        );
      },
    },
  ],
  15: [
    {
      what: 'there is an `id_token` even without `openid`',
      evidence: 'recorded',
      holds: async (authentik) => {
        const body = await grantOf(authentik, WEB, { scope: 'profile' });
        expect(decode(body['id_token']).claims).toMatchObject({ aud: 'web', preferred_username: 'alice' });
        expect(body).toMatchObject({ token_type: 'Bearer', expires_in: 3600 });
      },
    },
    {
      what: 'token responses have `scope`',
      versions: '>=2025.2.0',
      evidence: 'recorded',
      holds: async (authentik) => {
        const body = await grantOf(authentik, WEB, { scope: 'profile openid' });
        expect(String(body['scope']).split(' ').toSorted()).toEqual(['openid', 'profile']);
      },
      otherwise: async (authentik) => {
        expect(await grantOf(authentik, WEB, { scope: 'profile openid' })).not.toHaveProperty('scope');
      },
    },
  ],
  16: [
    {
      what: 'a refresh token only with `offline_access`; a refresh replaces it, and the old one is `invalid_grant`',
      evidence: 'recorded',
      holds: async (authentik) => {
        expect(await grantOf(authentik, WEB, { scope: 'openid' })).not.toHaveProperty('refresh_token');
        const first = await grantOf(authentik, WEB, { scope: 'openid offline_access', nonce: 'n-1' });
        expect(first['refresh_token']).toMatch(/^[A-Za-z0-9]{128}$/);
        const { status, body } = await refresh(authentik, first['refresh_token']);
        expect(status).toBe(200);
        expect(body['refresh_token']).toMatch(/^[A-Za-z0-9]{128}$/);
        expect(body['refresh_token']).not.toBe(first['refresh_token']);
        for (const name of ['access_token', 'id_token']) {
          expect(decode(first[name]).claims['nonce']).toBe('n-1');
          expect(decode(body[name]).claims).not.toHaveProperty('nonce');
        }
        const reused = await refresh(authentik, first['refresh_token']);
        expect([reused.status, reused.body['error']]).toEqual([400, 'invalid_grant']);
      },
    },
    {
      what: 'with a threshold, a refresh token far from its end stays, and the answer has none',
      versions: '>=2025.10.0',
      evidence: 'recorded',
      holds: async (authentik) => {
        const first = await grantOf(authentik, THRESHOLD, { scope: 'openid offline_access' });
        const kept = await refresh(authentik, first['refresh_token'], { client_id: 'threshold' });
        expect(kept.status).toBe(200);
        expect(kept.body).not.toHaveProperty('refresh_token');
        authentik.clock.advanceSeconds(29.5 * 86_400);
        const near = await refresh(authentik, first['refresh_token'], { client_id: 'threshold' });
        expect(near.body['refresh_token']).toMatch(/^[A-Za-z0-9]{128}$/);
        const reused = await refresh(authentik, first['refresh_token'], { client_id: 'threshold' });
        expect(reused.body['error']).toBe('invalid_grant');
        authentik.clock.reset();
      },
      otherwise: async (authentik) => {
        const first = await grantOf(authentik, THRESHOLD, { scope: 'openid offline_access' });
        const second = await refresh(authentik, first['refresh_token'], { client_id: 'threshold' });
        expect(second.body['refresh_token']).toMatch(/^[A-Za-z0-9]{128}$/);
        const reused = await refresh(authentik, first['refresh_token'], { client_id: 'threshold' });
        expect(reused.body['error']).toBe('invalid_grant');
      },
    },
  ],
  17: [
    {
      what: 'a narrower scope with `offline_access` keeps the full scope; without it, or with more, `invalid_scope`',
      evidence: 'recorded',
      holds: async (authentik) => {
        const asked = { scope: 'openid profile offline_access' };
        for (const scope of ['openid offline_access', 'groups', '']) {
          const { refresh_token: value } = await grantOf(authentik, WEB, asked);
          const { body } = await refresh(authentik, value, { scope });
          expect(decode(body['access_token']).claims).toHaveProperty('preferred_username', 'alice');
          expect(body).toHaveProperty('refresh_token');
        }
        for (const scope of ['openid', 'openid email offline_access']) {
          const { refresh_token: value } = await grantOf(authentik, WEB, asked);
          const { status, body } = await refresh(authentik, value, { scope });
          expect([scope, status, body['error']]).toEqual([scope, 400, 'invalid_scope']);
        }
      },
    },
  ],
  24: [
    {
      what: 'machines get tokens by username and app password, by secret, and by both of the former as secret',
      evidence: 'recorded',
      holds: async (authentik) => {
        const scope = 'openid profile offline_access';
        const both = Buffer.from(`alice:${APP_PASSWORD}`).toString('base64');
        for (const [form, username] of [
          [{ username: 'alice', password: APP_PASSWORD }, 'alice'],
          [{ client_secret }, 'ak-Web-client_credentials'],
          [{ client_secret: both }, 'alice'],
        ] as const) {
          const { status, body } = await clientCredentials(authentik, { ...form, scope });
          expect(status).toBe(200);
          expect(body).not.toHaveProperty('refresh_token');
          expect(decode(body['access_token']).claims).toMatchObject({ preferred_username: username, azp: 'web' });
          expect(decode(body['access_token']).claims).not.toHaveProperty('sid');
        }
        for (const form of [
          { username: 'alice', password: authentik.password },
          { username: 'bob', password: APP_PASSWORD },
          { client_secret: Buffer.from(`bob:${APP_PASSWORD}`).toString('base64') },
          {},
        ]) {
          const { status, body } = await clientCredentials(authentik, form);
          expect([status, body['error']]).toEqual([400, 'invalid_grant']);
        }
      },
    },
    {
      what: 'no scope with client_credentials makes a bare token: no claims of the person',
      evidence: 'recorded',
      holds: async (authentik) => {
        const { body } = await clientCredentials(authentik, { client_secret });
        const { claims } = decode(body['access_token']);
        expect(claims).toMatchObject({ aud: 'web', azp: 'web' });
        for (const absent of ['preferred_username', 'groups', 'email', 'name']) {
          expect(claims).not.toHaveProperty(absent);
        }
        expect(await userinfoStatus(authentik, body['access_token'])).toBe(403);
      },
    },
  ],
  34: [
    {
      what: 'reuse of a replaced refresh token ends neither its successor nor the access tokens',
      evidence: 'recorded',
      holds: async (authentik) => {
        const first = await grantOf(authentik, WEB, { scope: 'openid offline_access' });
        const second = await refresh(authentik, first['refresh_token']);
        expect((await refresh(authentik, first['refresh_token'])).body['error']).toBe('invalid_grant');
        expect(await userinfoStatus(authentik, first['access_token'])).toBe(200);
        expect(await userinfoStatus(authentik, second.body['access_token'])).toBe(200);
        expect((await refresh(authentik, second.body['refresh_token'])).status).toBe(200);
      },
    },
    {
      what: 'of parallel refreshes with one token exactly one wins, as long as no race is asked for',
      evidence: 'source',
      holds: async (authentik) => {
        const { refresh_token: value } = await grantOf(authentik, WEB, { scope: 'openid offline_access' });
        const answers = await Promise.all(Array.from({ length: 4 }, () => refresh(authentik, value)));
        expect(answers.map(({ status }) => status).toSorted((one, two) => one - two)).toEqual([200, 400, 400, 400]);
        const code = await signInForCode(authentik);
        const redeemed = await Promise.all([redeem(authentik, code), redeem(authentik, code)]);
        expect(redeemed.map(({ status }) => status).toSorted((one, two) => one - two)).toEqual([200, 400]);
      },
    },
    {
      what: 'with a race all of them win, and all new tokens work; after it the old one is `invalid_grant`',
      evidence: 'recorded',
      holds: async (authentik) => {
        const client = { client_id: 'racing', redirect_uri: CALLBACK };
        const { refresh_token: value } = await grantOf(authentik, client, { scope: 'openid offline_access' });
        const form = { client_id: 'racing' };
        const answers = await Promise.all(Array.from({ length: 4 }, () => refresh(authentik, value, form)));
        expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
        const fresh = answers.map(({ body }) => body['refresh_token']);
        expect(new Set(fresh).size).toBe(4);
        for (const next of fresh) expect((await refresh(authentik, next, form)).status).toBe(200);
        authentik.clock.advanceSeconds(61);
        const late = await refresh(authentik, value, form);
        authentik.clock.reset();
        expect(late.body['error']).toBe('invalid_grant');
      },
    },
  ],
};
