import type { INestApplication } from '@nestjs/common';
import { AuthentikTokenService } from 'nestjs-authentik';
import { type EmbeddedAuthentik, loginAs, startEmbeddedAuthentik } from 'nestjs-authentik-testing';
import request from 'supertest';
import { afterEach, describe, expect, it } from 'vitest';

import { startBrowserApp } from '../session-logout/app.js';

let authentik: EmbeddedAuthentik;
let app: INestApplication;
afterEach(async () => {
  await app.close();
  await authentik.stop();
});

async function start(signing: 'RS256' | 'ES256' = 'RS256') {
  authentik = await startEmbeddedAuthentik({
    applications: [{ slug: 'mcp-server', clientId: 'mcp-server', clientType: 'public', signing }],
  });
  app = await startBrowserApp(authentik.url);
}

/** The same token with its signature written otherwise: other unused bits at its end, and padding. */
function variantsOf(accessToken: string): string[] {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const last = alphabet.indexOf(accessToken.at(-1) ?? '');
  const others = Array.from({ length: 15 }, (_, bits) => alphabet[(last & ~15) | ((last + bits + 1) & 15)] ?? '');
  return [...others.map((character) => accessToken.slice(0, -1) + character), `${accessToken}==`];
}

describe.each(['RS256', 'ES256'] as const)('a revoked %s token', (signing) => {
  it('stays revoked however its signature is written, remembered before or not', async () => {
    await start(signing);
    const tokens = app.get(AuthentikTokenService);
    const accessToken = await authentik.mintAccessToken({ user: 'alice' });
    const variants = variantsOf(accessToken);
    // Some of them are the same signature to whoever verifies it; those are remembered now.
    const [before] = await Promise.all([
      Promise.all(variants.slice(0, 8).map((variant) => tokens.tryVerifyToken(variant))),
      tokens.verifyToken(accessToken),
    ]);
    expect(before.some((user) => user?.username === 'alice')).toBe(true);
    await tokens.revokeToken(accessToken, 'access_token');
    const after = await Promise.all([accessToken, ...variants].map((variant) => tokens.tryVerifyToken(variant)));
    expect(new Set(after)).toEqual(new Set([null]));
    // Another one of the same person goes on.
    const another = await authentik.mintAccessToken({ user: 'alice' });
    expect((await tokens.verifyToken(another)).username).toBe('alice');
  });
});

describe('signing out', () => {
  it('with an access token beside the cookie is refused, for it would end nothing', async () => {
    await start();
    const agent = request.agent(app.getHttpServer());
    await loginAs(agent, 'alice', { authentik });
    const post = () =>
      agent.post('/auth/logout').set('sec-fetch-site', 'same-origin').set('accept', 'application/json');
    await post()
      .set(await authentik.bearer('alice'))
      .expect(400);
    await agent.get('/me').expect(200);
    await post().expect(200);
    await agent.get('/me').expect(401);
  });
});
