import { createLocalJWKSet, jwtVerify, type JSONWebKeySet } from 'jose';
import type { EmbeddedAuthentik } from 'nestjs-authentik-testing';
import { expect } from 'vitest';
import { CALLBACK, decode } from '../client.js';
import type { Lines } from './line.js';
import { get, grantOf, WEB } from './world.js';

const FULL = { scope: 'openid profile email', nonce: 'n-1' };

const verify = async (authentik: EmbeddedAuthentik, token: unknown) => {
  const keys = (await (await get(authentik, '/application/o/web/jwks/')).json()) as JSONWebKeySet;
  return jwtVerify(String(token), createLocalJWKSet(keys));
};

/** Lines on what tokens say, and who can verify them. */
export const claimLines: Lines = {
  18: [
    {
      what: 'the access token is a JWT with `kid`, `typ: JWT`, a string `aud`, `azp` and `uid`; the ID token has neither of the last two',
      evidence: 'recorded',
      holds: async (authentik) => {
        const body = await grantOf(authentik, WEB, FULL);
        const keys = (await (await get(authentik, '/application/o/web/jwks/')).json()) as JSONWebKeySet;
        const { payload, protectedHeader } = await verify(authentik, body['access_token']);
        expect(protectedHeader).toEqual({ alg: 'RS256', kid: keys.keys[0]?.kid, typ: 'JWT' });
        expect(payload).toMatchObject({
          aud: 'web',
          azp: 'web',
          uid: expect.stringMatching(/^[A-Za-z0-9]{40}$/),
          acr: 'goauthentik.io/providers/oauth2/default',
          nonce: 'n-1',
        });
        expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(3600);
        for (const absent of ['client_id', 'username', 'nbf']) expect(payload).not.toHaveProperty(absent);
        const { payload: idToken } = await verify(authentik, body['id_token']);
        for (const absent of ['azp', 'uid', 'scope']) expect(idToken).not.toHaveProperty(absent);
      },
    },
    {
      what: 'no `at_hash` in an ID token of the code grant',
      evidence: 'recorded',
      holds: async (authentik) => {
        const { claims } = decode((await grantOf(authentik, WEB, FULL))['id_token']);
        for (const absent of ['at_hash', 'c_hash']) expect(claims).not.toHaveProperty(absent);
      },
    },
    {
      what: '`scope` in the access token',
      versions: '>=2025.10.0',
      evidence: 'recorded',
      holds: async (authentik) => {
        const { claims } = decode((await grantOf(authentik, WEB, FULL))['access_token']);
        expect(String(claims['scope']).split(' ').toSorted()).toEqual(['email', 'openid', 'profile']);
      },
      otherwise: async (authentik) => {
        expect(decode((await grantOf(authentik, WEB, FULL))['access_token']).claims).not.toHaveProperty('scope');
      },
    },
    {
      what: 'without signing key the client secret signs (HS256), and there is no `kid`',
      evidence: 'recorded',
      holds: async (authentik) => {
        const client_secret = 'hs256-secret-0123456789abcdef';
        const client = { client_id: 'without-key', client_secret, redirect_uri: CALLBACK };
        for (const token of Object.entries(await grantOf(authentik, client, FULL)).filter(([name]) =>
          ['access_token', 'id_token'].includes(name),
        )) {
          const { protectedHeader } = await jwtVerify(String(token[1]), new TextEncoder().encode(client_secret));
          expect(protectedHeader).toEqual({ alg: 'HS256', typ: 'JWT' });
        }
      },
    },
  ],
  19: [
    {
      what: '`groups`, `preferred_username`, `nickname`, `given_name` and `name` come with `profile`',
      evidence: 'recorded',
      holds: async (authentik) => {
        const fromProfile = {
          name: 'Alice Archer',
          given_name: 'Alice Archer',
          preferred_username: 'alice',
          nickname: 'alice',
          groups: ['engineering', 'mcp-users'],
        };
        const body = await grantOf(authentik, WEB, { scope: 'openid profile' });
        for (const token of ['access_token', 'id_token']) expect(decode(body[token]).claims).toMatchObject(fromProfile);
        const without = decode((await grantOf(authentik, WEB, { scope: 'openid email' }))['access_token']).claims;
        for (const absent of Object.keys(fromProfile)) expect(without).not.toHaveProperty(absent);
      },
    },
    {
      what: '`email_verified` is false',
      versions: '>=2025.10.0',
      evidence: 'recorded',
      holds: async (authentik) => {
        const { claims } = decode((await grantOf(authentik, WEB, FULL))['id_token']);
        expect(claims).toMatchObject({ email: 'alice@example.test', email_verified: false });
      },
      otherwise: async (authentik) => {
        const { claims } = decode((await grantOf(authentik, WEB, FULL))['id_token']);
        expect(claims).toMatchObject({ email: 'alice@example.test', email_verified: true });
      },
    },
  ],
  20: [
    {
      what: '`sub` in six modes; by default 64 hex characters, equal for all clients',
      evidence: 'recorded',
      holds: async (authentik) => {
        const subOf = async (client_id: string, username = 'alice') => {
          const client = { client_id, redirect_uri: CALLBACK };
          const body = await grantOf(authentik, client, { scope: 'openid' }, {}, username);
          return decode(body['id_token']).claims['sub'];
        };
        const hashed = await subOf('sub-hashed_user_id');
        expect(hashed).toMatch(/^[0-9a-f]{64}$/);
        expect(await subOf('mcp-server')).toBe(hashed);
        expect(await subOf('mcp-server', 'bob')).not.toBe(hashed);
        expect(await subOf('sub-user_id')).toMatch(/^\d+$/);
        expect(await subOf('sub-user_uuid')).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
        expect(await subOf('sub-user_username')).toBe('alice');
        expect(await subOf('sub-user_email')).toBe('alice@example.test');
        expect(await subOf('sub-user_upn')).toBe('alice@upn.example');
        // Without the attribute it is the hash after all.
        expect(await subOf('sub-user_upn', 'bob')).toBe(await subOf('mcp-server', 'bob'));
      },
    },
  ],
  35: [
    {
      what: 'after a change of the key old tokens no longer verify: the key set has the new key alone',
      evidence: 'recorded',
      holds: async (authentik) => {
        const { access_token: before } = await grantOf(authentik, WEB, FULL);
        await verify(authentik, before);
        await authentik.rotateKeys('web');
        await expect(verify(authentik, before)).rejects.toThrow('no applicable key');
        await verify(authentik, (await grantOf(authentik, WEB, FULL))['access_token']);
        // The server itself goes by what it has stored.
        const asked = await get(authentik, '/application/o/userinfo/', { authorization: `Bearer ${String(before)}` });
        expect(asked.status).toBe(200);
      },
    },
  ],
};
