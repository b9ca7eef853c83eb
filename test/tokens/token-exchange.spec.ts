import type { INestApplication } from '@nestjs/common';
import { decodeJwt } from 'jose';
import { AuthentikTokenService, type TokenExchange, TokenGrantError } from 'nestjs-authentik';
import { type EmbeddedAuthentik, startEmbeddedAuthentik } from 'nestjs-authentik-testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { startRestApp } from '../harness/rest-app.js';

const clientSecret = 'Xq7tR2vK9wL4mN8pB3cF6hJ1sD5gZ0yA';

let authentik: EmbeddedAuthentik;
let app: INestApplication;
let tokens: AuthentikTokenService;

beforeEach(async () => {
  authentik = await startEmbeddedAuthentik({
    applications: [
      { slug: 'mcp-server', clientSecret },
      { slug: 'upstream', federatedProviders: ['mcp-server'] },
      { slug: 'engineers', federatedProviders: ['mcp-server'], bindings: [{ group: 'engineering' }] },
      { slug: 'stranger' },
    ],
  });
  app = await startRestApp(authentik.url, { controllers: [], options: { clientSecret } });
  tokens = app.get(AuthentikTokenService);
});
afterEach(async () => {
  await app.close();
  await authentik.stop();
});

const mint = (user: string, application = 'mcp-server') => authentik.mintAccessToken({ user, application });
const exchange = async (user: string, audience: string, scopes: string[] = ['openid', 'profile']) =>
  tokens.exchangeToken({ subjectToken: await mint(user), audience, scopes });

describe('exchanging a token for an upstream (RFC 8693)', () => {
  it('gives one of the same person that the upstream accepts, and with the scopes alone that were asked for', async () => {
    const { accessToken, refreshToken } = await exchange('alice', 'upstream');
    const claims = decodeJwt(accessToken);
    expect(claims).toMatchObject({
      iss: authentik.issuer('upstream'),
      aud: 'upstream',
      azp: 'upstream',
      sub: decodeJwt(await mint('alice')).sub,
      preferred_username: 'alice',
      scope: 'openid profile',
    });
    expect(claims['sid']).toBeUndefined();
    expect(refreshToken).toBeUndefined();
    // Not ours any more: who passes it back here is refused.
    await expect(tokens.verifyToken(accessToken)).rejects.toMatchObject({ reason: 'issuer' });
    expect(decodeJwt((await exchange('alice', 'upstream', [])).accessToken)['scope']).toBe('');
  });

  it.each([
    [
      'an upstream that does not list us',
      'alice',
      'stranger',
      /invalid_target\. .*client id.*"Federated OIDC Providers"/u,
    ],
    ['an upstream that nobody knows', 'alice', 'nobody', /invalid_target\. .*client id.*"Federated OIDC Providers"/u],
    ['a person whom the upstream does not let in', 'bob', 'engineers', /invalid_grant\. .*bindings of the upstream/u],
  ])('is refused for %s, with what to do about it', async (_what, user, audience, message) => {
    const refused: unknown = await exchange(user, audience).catch((reason: unknown) => reason);
    expect(refused).toBeInstanceOf(TokenGrantError);
    expect(String(refused)).toMatch(message);
  });

  it.each([
    ['2025.2', 'unsupported_grant_type'],
    ['2026.5', 'invalid_grant'],
  ])('is refused by Authentik %s, which does not know it, and that is said', async (version, reason) => {
    const older = await startEmbeddedAuthentik({ version, applications: [{ slug: 'mcp-server', clientSecret }] });
    const asker = await startRestApp(older.url, { controllers: [], options: { clientSecret } });
    const subjectToken = await older.mintAccessToken({ user: 'alice' });
    const asked = asker.get(AuthentikTokenService).exchangeToken({ subjectToken, audience: 'upstream', scopes: [] });
    await expect(asked).rejects.toMatchObject({
      reason,
      message: expect.stringContaining('Token exchange needs Authentik 2026.8') as unknown,
    });
    await asker.close();
    await older.stop();
  });

  it.each([
    ['no audience', { audience: undefined }, /Expected was an audience, the client id/u],
    ['no scopes', { scopes: undefined }, /Expected were scopes as a list/u],
  ])('sends nothing with %s, as callers that are not compiled give it', async (_what, change, says) => {
    const subjectToken = await mint('alice');
    const before = authentik.requests.length;
    const given = { subjectToken, audience: 'upstream', scopes: [], ...change } as unknown as TokenExchange;
    await expect(tokens.exchangeToken(given)).rejects.toMatchObject({
      reason: 'invalid_request',
      message: expect.stringMatching(says) as unknown,
    });
    expect(authentik.requests.slice(before)).toEqual([]);
  });

  it('lets in whom the upstream does', async () => {
    expect(decodeJwt((await exchange('alice', 'engineers')).accessToken)['groups']).toContain('engineering');
  });

  it('takes no token of somebody else, and none that was revoked', async () => {
    const foreign = { subjectToken: await mint('alice', 'stranger'), audience: 'upstream', scopes: [] };
    await expect(tokens.exchangeToken(foreign)).rejects.toBeInstanceOf(TokenGrantError);
    const subjectToken = await mint('alice');
    await tokens.exchangeToken({ subjectToken, audience: 'upstream', scopes: [] });
    await tokens.revokeToken(subjectToken, 'access_token');
    await expect(tokens.exchangeToken({ subjectToken, audience: 'upstream', scopes: [] })).rejects.toBeInstanceOf(
      TokenGrantError,
    );
  });
});
