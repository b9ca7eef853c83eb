import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { EmbeddedAuthentik } from 'nestjs-authentik-testing';
import { expect } from 'vitest';
import { CALLBACK, decode } from '../client.js';
import type { Lines } from './line.js';
import { askToken, get, grantOf, WEB } from './world.js';

const LOGOUT = { client_id: 'with-logout', redirect_uri: CALLBACK };

/** Signs carol in, deletes her session as an administrator, and collects what her client is told. */
export async function endedSession(authentik: EmbeddedAuthentik) {
  const told: string[] = [];
  const receiver = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      told.push(body);
      response.end();
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  try {
    const logoutUri = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/logged-out`;
    authentik.updateApplication('with-logout', { logoutUri });
    const tokens = await grantOf(authentik, LOGOUT, { scope: 'openid' }, {}, 'carol');
    expect(authentik.endSessions({ user: 'carol' })).toBe(1);
    await authentik.logoutsSettled();
    const logoutTokens = told.map((body) => {
      const form = new URLSearchParams(body);
      expect([...form.keys()]).toEqual(['logout_token']);
      return decode(form.get('logout_token'));
    });
    return { tokens, logoutTokens };
  } finally {
    receiver.close();
  }
}

/** Lines on what ends: sessions and memberships. */
export const endingLines: Lines = {
  29: [
    {
      what: 'the end of a session is told by a logout token with `iss aud iat jti events sub`, and the `sid` of the tokens',
      versions: '>=2025.8.0',
      evidence: 'recorded',
      holds: async (authentik) => {
        const { tokens, logoutTokens } = await endedSession(authentik);
        const { iss, aud, sub, sid } = decode(tokens['access_token']).claims;
        expect(sid).toMatch(/^[0-9a-f]{64}$/);
        expect(logoutTokens.map(({ claims }) => claims)).toEqual([
          expect.objectContaining({
            iss,
            aud,
            sub,
            sid,
            iat: expect.any(Number),
            jti: expect.any(String),
            events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
          }),
        ]);
        expect(logoutTokens[0]?.claims).not.toHaveProperty('nonce');
      },
      otherwise: async (authentik) => {
        expect((await endedSession(authentik)).logoutTokens).toEqual([]);
      },
    },
    {
      what: 'a logout token is of type `logout+jwt`',
      versions: '>=2025.12.2',
      evidence: 'recorded',
      holds: async (authentik) => {
        const { logoutTokens } = await endedSession(authentik);
        expect(logoutTokens.map(({ header }) => header)).toEqual([expect.objectContaining({ typ: 'logout+jwt' })]);
      },
      otherwise: async (authentik) => {
        // Of another type, or none at all.
        for (const { header } of (await endedSession(authentik)).logoutTokens) expect(header['typ']).toBe('JWT');
      },
    },
  ],
  36: [
    {
      what: 'who leaves a group keeps refreshing; new tokens and UserInfo tell the groups of now',
      evidence: 'recorded',
      holds: async (authentik) => {
        const scope = 'openid profile offline_access';
        const before = await grantOf(authentik, WEB, { scope }, {}, 'carol');
        expect(decode(before['access_token']).claims['groups']).toEqual(['engineering']);
        authentik.setGroups('carol', ['sales']);
        try {
          const { status, body } = await askToken(authentik, {
            grant_type: 'refresh_token',
            refresh_token: String(before['refresh_token']),
            client_id: WEB.client_id,
            client_secret: WEB.client_secret,
          });
          expect([status, decode(body['access_token']).claims['groups']]).toEqual([200, ['sales']]);
          const asked = await get(authentik, '/application/o/userinfo/', {
            authorization: `Bearer ${String(before['access_token'])}`,
          });
          expect(await asked.json()).toMatchObject({ groups: ['sales'] });
        } finally {
          authentik.setGroups('carol', ['engineering']);
        }
      },
    },
    {
      what: 'a refresh asks no policy: who may no longer use the application keeps refreshing',
      evidence: 'recorded',
      holds: async (authentik) => {
        const scope = 'openid profile offline_access';
        const client = { client_id: 'bound', redirect_uri: CALLBACK };
        const before = await grantOf(authentik, client, { scope }, {}, 'carol');
        authentik.setGroups('carol', ['sales']);
        try {
          const form = { grant_type: 'refresh_token', refresh_token: String(before['refresh_token']) };
          const { status } = await askToken(authentik, { ...form, client_id: 'bound' });
          expect(status).toBe(200);
        } finally {
          authentik.setGroups('carol', ['engineering']);
        }
      },
    },
  ],
};
