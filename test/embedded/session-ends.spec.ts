import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { startEmbeddedAuthentik, type AuthentikVersion, type EmbeddedAuthentik } from 'nestjs-authentik-testing';
import { afterEach, describe, expect, it } from 'vitest';
import { decode, post, redeem, signInForCode, token } from './client.js';

const running: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const stop of running.splice(0).toReversed()) await stop();
});

/** A client that takes logout tokens; the first few times it may fail. */
async function receiver({ failures = 0 } = {}): Promise<{ url: string; received: URLSearchParams[]; asked: string[] }> {
  const received: URLSearchParams[] = [];
  const asked: string[] = [];
  let left = failures;
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      asked.push(`${request.method} ${request.url} ${request.headers['content-type']}`);
      left -= 1;
      if (left >= 0) {
        response.writeHead(500).end();
        return;
      }
      received.push(new URLSearchParams(Buffer.concat(chunks).toString()));
      response.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  running.push(() => new Promise((resolve) => server.close(resolve)));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/logout`, received, asked };
}

async function start(logoutUri?: string, version?: AuthentikVersion): Promise<EmbeddedAuthentik> {
  const authentik = await startEmbeddedAuthentik({
    password: 'correct-horse',
    ...(version !== undefined && { version }),
    applications: [{ slug: 'mcp-server', clientType: 'public', ...(logoutUri !== undefined && { logoutUri }) }],
  });
  running.push(() => authentik.stop());
  return authentik;
}

const signIn = async (authentik: EmbeddedAuthentik, username = 'alice') =>
  (await redeem(authentik, await signInForCode(authentik, { scope: 'openid profile offline_access' }, username))).body;
const userinfo = async (authentik: EmbeddedAuthentik, accessToken: unknown) => {
  const response = await fetch(new URL('/application/o/userinfo/', authentik.url), {
    headers: { authorization: `Bearer ${String(accessToken)}` },
  });
  return { status: response.status, body: response.ok ? ((await response.json()) as Record<string, unknown>) : {} };
};
const refresh = (authentik: EmbeddedAuthentik, refreshToken: unknown) =>
  token(authentik, { grant_type: 'refresh_token', refresh_token: String(refreshToken) });

describe('a session deleted by an administrator', () => {
  it('takes its access token along and leaves the refresh token, whose next tokens lack sid and amr', async () => {
    const authentik = await start();
    const alice = await signIn(authentik);
    const bob = await signIn(authentik, 'bob');
    expect(authentik.endSessions({ user: 'alice' })).toBe(1);
    expect((await userinfo(authentik, alice['access_token'])).status).toBe(401);
    expect((await userinfo(authentik, bob['access_token'])).status).toBe(200);
    const fresh = await refresh(authentik, alice['refresh_token']);
    expect(fresh.status).toBe(200);
    expect(decode(fresh.body['id_token']).claims).not.toHaveProperty('sid');
    expect(decode(fresh.body['id_token']).claims).not.toHaveProperty('amr');
    expect(decode(bob['id_token']).claims).toHaveProperty('sid');
  });

  it('is found by the sid of its tokens', async () => {
    const authentik = await start();
    const [one, other] = [await signIn(authentik), await signIn(authentik)];
    expect(authentik.endSessions({ sid: String(decode(one['id_token']).claims['sid']) })).toBe(1);
    expect((await userinfo(authentik, one['access_token'])).status).toBe(401);
    expect((await userinfo(authentik, other['access_token'])).status).toBe(200);
  });

  it('leaves the access token alone in 2024.8, which knew no better', async () => {
    const authentik = await start(undefined, '2024.8');
    const alice = await signIn(authentik);
    authentik.endSessions({ user: 'alice' });
    expect((await userinfo(authentik, alice['access_token'])).status).toBe(200);
  });
});

describe('a person', () => {
  it('who is deactivated loses all tokens for good, and can sign in again when active', async () => {
    const authentik = await start();
    const alice = await signIn(authentik);
    authentik.setUserActive('alice', false);
    expect((await userinfo(authentik, alice['access_token'])).status).toBe(401);
    expect((await refresh(authentik, alice['refresh_token'])).body).toMatchObject({ error: 'invalid_grant' });
    await expect(signIn(authentik)).rejects.toThrow();
    authentik.setUserActive('alice', true);
    expect((await refresh(authentik, alice['refresh_token'])).status).toBe(400);
    expect((await userinfo(authentik, (await signIn(authentik))['access_token'])).status).toBe(200);
  });

  it('who is deleted is gone', async () => {
    const authentik = await start();
    const alice = await signIn(authentik);
    authentik.deleteUser('alice');
    expect(authentik.users.map(({ username }) => username)).not.toContain('alice');
    expect((await userinfo(authentik, alice['access_token'])).status).toBe(401);
    expect((await refresh(authentik, alice['refresh_token'])).status).toBe(400);
    expect(() => authentik.deleteUser('alice')).toThrow("There is no user 'alice'");
  });

  it('who changes groups keeps refreshing, and the new tokens tell the new groups', async () => {
    const authentik = await start();
    const alice = await signIn(authentik);
    authentik.setGroups('alice', ['sales']);
    expect((await userinfo(authentik, alice['access_token'])).body).toMatchObject({ groups: ['sales'] });
    const fresh = await refresh(authentik, alice['refresh_token']);
    expect(decode(fresh.body['access_token']).claims).toMatchObject({ groups: ['sales'] });
    expect(decode(alice['access_token']).claims).toMatchObject({ groups: ['engineering', 'mcp-users'] });
  });
});

describe('back-channel logout', () => {
  it('posts a signed logout token with the sid of the tokens', async () => {
    const client = await receiver();
    const authentik = await start(client.url);
    const { claims } = decode((await signIn(authentik))['access_token']);
    authentik.endSessions({ user: 'alice' });
    await authentik.logoutsSettled();
    expect(client.asked).toStrictEqual(['POST /logout application/x-www-form-urlencoded']);
    expect([...(client.received[0]?.keys() ?? [])]).toStrictEqual(['logout_token']);
    const keys = createRemoteJWKSet(new URL('/application/o/mcp-server/jwks/', authentik.url));
    const { payload } = await jwtVerify(client.received[0]?.get('logout_token') ?? '', keys, {
      issuer: String(claims['iss']),
      audience: 'mcp-server',
      typ: 'logout+jwt',
    });
    expect(payload).toMatchObject({
      sub: claims['sub'],
      sid: claims['sid'],
      events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
      exp: (payload.iat ?? 0) + 3600,
    });
    expect(payload).not.toHaveProperty('nonce');
    expect(authentik.logoutDeliveries).toMatchObject([{ clientId: 'mcp-server', attempts: 1, state: 'delivered' }]);
  });

  it('is tried again when the receiver fails, and given up in the end', async () => {
    const client = await receiver({ failures: 2 });
    const authentik = await start(client.url);
    await signIn(authentik);
    authentik.endSessions();
    await authentik.logoutsSettled();
    expect(client.received).toHaveLength(1);
    expect(authentik.logoutDeliveries).toMatchObject([{ attempts: 3, state: 'delivered' }]);
  });

  it('ends with the server, whatever is still on its way', async () => {
    const client = await receiver({ failures: 1000 });
    const authentik = await start(client.url);
    await signIn(authentik);
    authentik.endSessions();
    await authentik.stop();
    expect(authentik.logoutDeliveries).toMatchObject([{ state: 'failed' }]);
  });

  it('tells nobody whose access token is gone already, nor whose URI is for the browser', async () => {
    const client = await receiver();
    const authentik = await start(client.url);
    const { access_token: accessToken } = await signIn(authentik);
    await post(authentik, '/application/o/revoke/', { client_id: 'mcp-server', token: String(accessToken) });
    authentik.endSessions();
    authentik.updateApplication('mcp-server', { logoutMethod: 'frontchannel' });
    await signIn(authentik, 'bob');
    authentik.endSessions();
    expect(authentik.logoutDeliveries).toStrictEqual([]);
  });

  it.each([
    ['2025.2', undefined, 0],
    ['2025.8.0', 'JWT', 0],
    ['2025.10', 'JWT', 0],
    ['2025.12.2', 'logout+jwt', 0],
    ['2026.5', 'logout+jwt', 0],
    ['2026.8', 'logout+jwt', 1],
  ] as const)('of %s has typ %s, and %s of them come at a deactivation', async (version, typ, atDeactivation) => {
    const client = await receiver();
    const authentik = await start(client.url, version);
    await signIn(authentik);
    authentik.setUserActive('alice', false);
    await authentik.logoutsSettled();
    expect(client.received).toHaveLength(atDeactivation);
    authentik.setUserActive('alice', true);
    await signIn(authentik);
    authentik.endSessions();
    await authentik.logoutsSettled();
    expect(client.received).toHaveLength(typ === undefined ? 0 : atDeactivation + 1);
    if (typ === undefined) return;
    const { header, claims } = decode(client.received.at(-1)?.get('logout_token'));
    expect(header['typ']).toBe(typ);
    expect('exp' in claims).toBe(version !== '2025.8.0');
  });
});

describe('keys changed while running', () => {
  it.each(['ES256', 'RS256', 'HS256'] as const)('sign with %s from then on', async (signing) => {
    const authentik = await start();
    await authentik.rotateKeys('mcp-server', signing);
    const { header } = decode((await signIn(authentik))['id_token']);
    expect(header['alg']).toBe(signing);
    const keys = (await (await fetch(new URL('/application/o/mcp-server/jwks/', authentik.url))).json()) as {
      keys?: { kid: string }[];
    };
    expect(keys.keys?.map(({ kid }) => kid)).toStrictEqual(signing === 'HS256' ? undefined : [header['kid']]);
  });
});
