import { expect } from 'vitest';
import { Browser } from '../browser.js';
import { authorizeUrl, CHALLENGE, decode, redeem, signInForCode, VERIFIER } from '../client.js';
import type { Lines } from './line.js';
import { askToken, authorizeAs, grantOf, WEB } from './world.js';

const isPage = async (response: Response, status: number, heading: string) => {
  expect([response.status, response.headers.get('location')]).toEqual([status, null]);
  expect(response.headers.get('content-type')).toMatch(/^text\/html/);
  expect(await response.text()).toContain(`<h1>${heading}</h1>`);
};

/** Where a redirect URI is taken, a signed-out browser is sent on to sign in. */
const isTaken = async (authentik: Parameters<typeof authorizeAs>[0], redirect_uri: string) => {
  const response = await authorizeAs(authentik, undefined, { client_id: 'matching', redirect_uri });
  return response.status === 302;
};

/** Lines on the authorization endpoint. */
export const authorizeLines: Lines = {
  8: [
    {
      what: 'an unknown client or a foreign redirect URI is a 400 page, without redirect and before the sign-in',
      evidence: 'recorded',
      holds: async (authentik) => {
        for (const username of [undefined, 'alice']) {
          await isPage(await authorizeAs(authentik, username, { client_id: 'nobody' }), 400, 'Client ID Error');
          await isPage(
            await authorizeAs(authentik, username, { redirect_uri: 'https://evil.example/' }),
            400,
            'Redirect URI Error',
          );
        }
        expect((await authorizeAs(authentik, undefined)).status).toBe(302);
      },
    },
  ],
  9: [
    {
      what: 'a strict redirect URI matches byte by byte',
      versions: '>=2024.8.5',
      evidence: 'recorded',
      holds: async (authentik) => {
        expect(await isTaken(authentik, 'https://strict.example/Callback')).toBe(true);
        for (const uri of [
          'https://strict.example/callback',
          'https://strict.example/Callback/',
          'https://strict.example:443/Callback',
          'https://STRICT.example/Callback',
          'https://strict.example/Callback?x=1',
          'https://strictxexample/Callback',
        ]) {
          expect([uri, await isTaken(authentik, uri)]).toEqual([uri, false]);
        }
      },
      otherwise: async (authentik) => {
        // Every entry is an expression, so its dots stand for anything.
        expect(await isTaken(authentik, 'https://strict.example/Callback')).toBe(true);
        expect(await isTaken(authentik, 'https://strictxexample/Callback')).toBe(true);
        expect(await isTaken(authentik, 'https://strict.example/callback')).toBe(false);
      },
    },
    {
      what: 'an expression matches the whole redirect URI or not at all, and no port is ever ignored',
      evidence: 'recorded',
      holds: async (authentik) => {
        expect(await isTaken(authentik, 'https://any.regex.example/callback')).toBe(true);
        for (const uri of [
          'https://any.regex.example/callback/more',
          'xhttps://any.regex.example/callback',
          'https://any.regexXexample/callback',
          'https://evil.example/https://any.regex.example/callback',
          'http://127.0.0.1:3001/callback',
          'http://localhost:3000/callback',
        ]) {
          expect([uri, await isTaken(authentik, uri)]).toEqual([uri, false]);
        }
        expect(await isTaken(authentik, 'http://127.0.0.1:3000/callback')).toBe(true);
      },
    },
  ],
  10: [
    {
      what: '`resource` is ignored at both endpoints; `aud` is the client id, a string',
      evidence: 'recorded',
      holds: async (authentik) => {
        const resource = 'https://mcp.example/mcp';
        const body = await grantOf(authentik, WEB, { resource, audience: resource }, { resource, audience: resource });
        expect(decode(body['access_token']).claims['aud']).toBe('web');
        expect(decode(body['id_token']).claims['aud']).toBe('web');
      },
    },
  ],
  11: [
    {
      what: 'unknown scopes are dropped, `groups` too; no scope means all attached ones',
      evidence: 'recorded',
      holds: async (authentik) => {
        for (const [asked, granted] of [
          ['openid groups calendar profile', 'openid profile'],
          ['groups', ''],
          ['', 'email offline_access openid profile'],
          [undefined, 'email offline_access openid profile'],
        ] as const) {
          const body = await grantOf(authentik, WEB, { scope: asked });
          const { client_id, client_secret } = WEB;
          const response = await fetch(`${authentik.url}/application/o/introspect/`, {
            method: 'POST',
            body: new URLSearchParams({ token: String(body['access_token']), client_id, client_secret }),
          });
          expect(await response.json()).toMatchObject({ active: true, scope: granted });
          expect('refresh_token' in body).toBe(granted.includes('offline_access'));
        }
      },
    },
  ],
  12: [
    {
      what: 'a code is 32 hex characters; `state` is echoed, empty if there was none, and there is no `iss`',
      evidence: 'recorded',
      holds: async (authentik) => {
        const browser = new Browser();
        const alice = { username: 'alice', password: authentik.password };
        for (const [state, echoed] of [
          ['a b&c', 'a b&c'],
          [undefined, ''],
        ] as const) {
          const back = await browser.authorize(authorizeUrl(authentik, { state }), alice);
          expect([...back.searchParams.keys()]).toEqual(['code', 'state']);
          expect(back.searchParams.get('code')).toMatch(/^[0-9a-f]{32}$/);
          expect(back.searchParams.get('state')).toBe(echoed);
        }
      },
    },
    {
      what: 'a code works once, and for 60 seconds; a failed try leaves it usable',
      evidence: 'recorded',
      holds: async (authentik) => {
        const code = await signInForCode(authentik, { code_challenge: VERIFIER });
        expect((await redeem(authentik, code, { code_verifier: 'wrong' })).body['error']).toBe('invalid_grant');
        expect((await redeem(authentik, code, { code_verifier: VERIFIER })).status).toBe(200);
        const again = await redeem(authentik, code, { code_verifier: VERIFIER });
        expect([again.status, again.body['error']]).toEqual([400, 'invalid_grant']);
        const [early, late] = [await signInForCode(authentik), await signInForCode(authentik)];
        authentik.clock.advanceSeconds(55);
        expect((await redeem(authentik, early)).status).toBe(200);
        authentik.clock.advanceSeconds(10);
        expect((await redeem(authentik, late)).body['error']).toBe('invalid_grant');
        authentik.clock.reset();
      },
    },
  ],
  13: [
    {
      what: 'PKCE is optional, `plain` by default; a challenge needs its verifier, a verifier its challenge',
      evidence: 'recorded',
      holds: async (authentik) => {
        const hashed = { code_challenge: CHALLENGE, code_challenge_method: 'S256' };
        const cases: readonly (readonly [Record<string, string>, Record<string, string>, number])[] = [
          [{}, {}, 200],
          [hashed, { code_verifier: VERIFIER }, 200],
          [{ code_challenge: VERIFIER }, { code_verifier: VERIFIER }, 200],
          [{ code_challenge: CHALLENGE }, { code_verifier: VERIFIER }, 400],
          [hashed, { code_verifier: `${VERIFIER}x` }, 400],
          [hashed, {}, 400],
          [{}, { code_verifier: VERIFIER }, 400],
        ];
        for (const [asked, form, status] of cases) {
          const { body, ...answer } = await redeem(authentik, await signInForCode(authentik, asked), form);
          expect([asked, form, answer.status]).toEqual([asked, form, status]);
          if (status === 400) expect(body['error']).toBe('invalid_grant');
        }
      },
    },
  ],
  26: [
    {
      what: 'who may not use the application sees a 200 page, with `prompt=none` too; the client is not told',
      evidence: 'recorded',
      holds: async (authentik) => {
        for (const prompt of [undefined, 'none']) {
          const parameters = { client_id: 'bound', prompt };
          await isPage(await authorizeAs(authentik, 'bob', parameters), 200, 'Permission denied');
        }
        const allowed = new Browser();
        await signInForCode(authentik, {}, 'alice', allowed);
        const back = await allowed.authorize(authorizeUrl(authentik, { client_id: 'bound' }), {
          username: 'alice',
          password: authentik.password,
        });
        expect(back.searchParams.has('code')).toBe(true);
      },
    },
  ],
  27: [
    {
      what: 'a provider without grants: `invalid_request` at authorize, `invalid_grant` at the token endpoint',
      versions: '>=2026.5.0',
      evidence: 'recorded',
      holds: async (authentik) => {
        const refused = await authorizeAs(authentik, undefined, { client_id: 'without-grants' });
        expect(refused.headers.get('location')).toMatch(/\/callback\?error=invalid_request&/);
        const { status, body } = await askToken(authentik, {
          grant_type: 'client_credentials',
          client_id: 'without-grants',
          client_secret: 'no-grants-0123456789abcdef',
        });
        expect([status, body['error']]).toEqual([400, 'invalid_grant']);
      },
      otherwise: async (authentik) => {
        const taken = await authorizeAs(authentik, undefined, { client_id: 'without-grants' });
        expect(taken.headers.get('location')).not.toContain('error=');
        const { status } = await askToken(authentik, {
          grant_type: 'client_credentials',
          client_id: 'without-grants',
          client_secret: 'no-grants-0123456789abcdef',
        });
        expect(status).toBe(200);
      },
    },
  ],
};
