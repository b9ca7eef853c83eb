import type { EmbeddedAuthentik } from 'nestjs-authentik-testing';
import { expect } from 'vitest';
import { post } from '../client.js';
import type { Lines } from './line.js';
import { get, grantOf, OTHER, WEB } from './world.js';

const userinfo = (authentik: EmbeddedAuthentik, accessToken: unknown) =>
  get(authentik, '/application/o/userinfo/', { authorization: `Bearer ${String(accessToken)}` });

const introspect = async (authentik: EmbeddedAuthentik, token: unknown, form: Record<string, string>) => {
  const response = await post(authentik, '/application/o/introspect/', { token: String(token), ...form });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
};

const revoke = async (authentik: EmbeddedAuthentik, token: unknown, form: Record<string, string>) => {
  const response = await post(authentik, '/application/o/revoke/', { token: String(token), ...form });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
};

const allowedOrigin = (response: Response) => response.headers.get('access-control-allow-origin');
const web = { client_id: WEB.client_id, client_secret: WEB.client_secret };
const other = { client_id: OTHER.client_id, client_secret: OTHER.client_secret };

/** Lines on what resource servers ask. */
export const resourceLines: Lines = {
  21: [
    {
      what: 'UserInfo says 401 with an empty body and a challenge without scheme word, 403 without `openid`',
      evidence: 'recorded',
      holds: async (authentik) => {
        const answers = [
          [await get(authentik, '/application/o/userinfo/'), 401, 'invalid_token'],
          [await userinfo(authentik, 'unknown'), 401, 'invalid_token'],
          [
            await userinfo(authentik, await authentik.mintAccessToken({ user: 'alice', scopes: ['profile'] })),
            403,
            'insufficient_scope',
          ],
        ] as const;
        for (const [response, status, error] of answers) {
          expect([response.status, await response.text()]).toEqual([status, '']);
          const challenge = response.headers.get('www-authenticate');
          expect(challenge).toMatch(new RegExp(`^error="${error}", error_description="[^"]+"$`));
        }
        const { access_token: good, id_token: idToken } = await grantOf(authentik, WEB, { scope: 'openid profile' });
        expect((await userinfo(authentik, idToken)).status).toBe(401);
        const response = await userinfo(authentik, good);
        expect(response.status).toBe(200);
        expect(Object.keys((await response.json()) as object).toSorted()).toEqual(
          ['given_name', 'groups', 'name', 'nickname', 'preferred_username', 'sub'].toSorted(),
        );
      },
    },
  ],
  22: [
    {
      what: 'introspection says 200 `{"active":false}` to bad credentials and of foreign or unknown tokens',
      evidence: 'recorded',
      holds: async (authentik) => {
        const { access_token: token } = await grantOf(authentik, WEB);
        for (const form of [{ ...web, client_secret: 'wrong' }, { client_id: 'nobody' }, {}, other]) {
          expect(await introspect(authentik, token, form)).toEqual({
            status: 200,
            body: { active: false },
          });
        }
        expect((await introspect(authentik, 'unknown', web)).body).toEqual({ active: false });
      },
    },
    {
      what: 'introspection of an active token tells the claims, `scope` and `client_id`',
      evidence: 'recorded',
      holds: async (authentik) => {
        const { access_token: token } = await grantOf(authentik, WEB, { scope: 'openid profile' });
        const { status, body } = await introspect(authentik, token, web);
        expect([status, body]).toEqual([
          200,
          expect.objectContaining({
            active: true,
            aud: 'web',
            client_id: 'web',
            iss: authentik.issuer('web'),
            preferred_username: 'alice',
          }),
        ]);
        expect(String(body['scope']).split(' ').toSorted()).toEqual(['openid', 'profile']);
        for (const absent of ['token_type', 'username', 'azp', 'uid']) expect(body).not.toHaveProperty(absent);
      },
    },
  ],
  23: [
    {
      what: 'revocation says 401 to a bad client, 200 `{}` otherwise, of unknown tokens too',
      evidence: 'recorded',
      holds: async (authentik) => {
        const { access_token: token } = await grantOf(authentik, WEB);
        for (const form of [{ ...web, client_secret: 'wrong' }, { client_id: 'nobody' }, {}]) {
          const { status, body } = await revoke(authentik, token, form);
          expect([status, body['error']]).toEqual([401, 'invalid_client']);
        }
        expect((await userinfo(authentik, token)).status).toBe(200);
        expect(await revoke(authentik, 'unknown', web)).toEqual({ status: 200, body: {} });
        expect(await revoke(authentik, token, web)).toEqual({ status: 200, body: {} });
        expect((await userinfo(authentik, token)).status).toBe(401);
      },
    },
    {
      what: 'a public client revokes by its id alone',
      versions: '>=2025.2.0',
      evidence: 'recorded',
      holds: async (authentik) => {
        const token = await authentik.mintAccessToken({ user: 'alice' });
        expect(await revoke(authentik, token, { client_id: 'mcp-server' })).toEqual({ status: 200, body: {} });
        expect((await userinfo(authentik, token)).status).toBe(401);
      },
      otherwise: async (authentik) => {
        const token = await authentik.mintAccessToken({ user: 'alice' });
        expect((await revoke(authentik, token, { client_id: 'mcp-server' })).status).toBe(401);
        expect((await userinfo(authentik, token)).status).toBe(200);
        const { clientSecret } = authentik.applications.find(({ slug }) => slug === 'mcp-server') ?? {};
        const withSecret = { client_id: 'mcp-server', client_secret: clientSecret ?? '' };
        expect((await revoke(authentik, token, withSecret)).status).toBe(200);
        expect((await userinfo(authentik, token)).status).toBe(401);
      },
    },
    {
      what: "revocation leaves another client's token alone, and says 200 `{}` all the same",
      versions: '>=2026.5.0-rc1',
      evidence: 'recorded',
      holds: async (authentik) => {
        const { access_token: token } = await grantOf(authentik, WEB);
        expect(await revoke(authentik, token, other)).toEqual({ status: 200, body: {} });
        expect((await userinfo(authentik, token)).status).toBe(200);
      },
      otherwise: async (authentik) => {
        const { access_token: token } = await grantOf(authentik, WEB);
        expect(await revoke(authentik, token, other)).toEqual({ status: 200, body: {} });
        expect((await userinfo(authentik, token)).status).toBe(401);
      },
    },
  ],
  25: [
    {
      what: 'metadata, token and UserInfo are open to origins of redirect URIs alone; introspection and revocation to none',
      evidence: 'recorded',
      holds: async (authentik) => {
        const { access_token: token } = await grantOf(authentik, WEB);
        const discovery = '/application/o/web/.well-known/openid-configuration';
        const bearer = { authorization: `Bearer ${String(token)}` };
        const credentials = { grant_type: 'client_credentials', ...web };
        for (const [origin, allowed] of [
          ['https://web.example', 'https://web.example'],
          ['https://evil.example', null],
          ['http://web.example', null],
          ['https://web.example:8443', null],
          ['null', null],
        ] as const) {
          for (const response of [
            await get(authentik, discovery, { origin }),
            await get(authentik, '/application/o/userinfo/', { origin, ...bearer }),
            await post(authentik, '/application/o/token/', credentials, { origin }),
          ]) {
            expect([origin, response.status, allowedOrigin(response)]).toEqual([origin, 200, allowed]);
          }
          for (const name of ['introspect', 'revoke']) {
            const response = await post(authentik, `/application/o/${name}/`, { token: 'x', ...web }, { origin });
            expect([response.status, allowedOrigin(response)]).toEqual([200, null]);
          }
        }
        const without = await get(authentik, discovery);
        expect(allowedOrigin(without)).toBe(null);
      },
    },
  ],
};
