import * as v2 from '@modelcontextprotocol/client';
import * as v1 from '@modelcontextprotocol/sdk/client/auth.js';
import { type EmbeddedAuthentik, startEmbeddedAuthentik } from 'nestjs-authentik-testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { Browser } from '../browser.js';
import { decode } from '../client.js';
import { VERSIONS } from './versions.js';

const redirectUrl = 'http://localhost:33333/callback';
const resource = new URL('https://mcp.example.com/mcp');
const scope = 'openid profile offline_access';
const sdks = { 'SDK 1': v1, 'SDK 2': v2 } as const;

describe.each(VERSIONS)('the MCP SDKs before Authentik %s', (version) => {
  let authentik: EmbeddedAuthentik;
  beforeAll(async () => {
    authentik = await startEmbeddedAuthentik({ version });
  });
  afterAll(() => authentik.stop());

  describe.each(Object.entries(sdks))('%s', (_, sdk) => {
    it('finds the metadata at the third place that it tries, with its slash taken off', async () => {
      authentik.clearRequests();
      const metadata = await sdk.discoverAuthorizationServerMetadata(authentik.issuer());
      expect(metadata?.issuer).toBe(authentik.issuer());
      expect(authentik.requests.map(({ path, status }) => [path, status])).toEqual([
        ['/.well-known/oauth-authorization-server/application/o/mcp-server', 404],
        ['/.well-known/openid-configuration/application/o/mcp-server', 404],
        ['/application/o/mcp-server/.well-known/openid-configuration', 200],
      ]);
    });

    it('signs a person in with PKCE and a resource that Authentik takes no notice of, and refreshes', async () => {
      const issuer = authentik.issuer();
      const metadata = (await sdk.discoverAuthorizationServerMetadata(issuer)) as never;
      const shared = { metadata, clientInformation: { client_id: 'mcp-server' }, resource };
      const { authorizationUrl, codeVerifier } = await sdk.startAuthorization(issuer, {
        ...shared,
        redirectUrl,
        scope,
        state: 'st',
      });
      const back = await new Browser().authorize(authorizationUrl, authentik.credentials('alice'));
      const authorizationCode = back.searchParams.get('code') ?? '';
      const exchange = { ...shared, authorizationCode, codeVerifier, redirectUri: redirectUrl };
      const tokens = await sdk.exchangeAuthorization(issuer, exchange);
      expect(decode(tokens.access_token).claims).toMatchObject({ aud: 'mcp-server', preferred_username: 'alice' });
      // One use.
      await expect(sdk.exchangeAuthorization(issuer, exchange)).rejects.toThrow();

      const refreshToken = tokens.refresh_token ?? '';
      const refreshed = await sdk.refreshAuthorization(issuer, { ...shared, refreshToken });
      expect(decode(refreshed.access_token).claims['sub']).toBe(decode(tokens.access_token).claims['sub']);
      expect(refreshed.refresh_token).not.toBe(refreshToken);
      await expect(sdk.refreshAuthorization(issuer, { ...shared, refreshToken })).rejects.toThrow();
    });
  });

  it('SDK 2 refuses metadata whose issuer has a slash that it was not told of', async () => {
    const issuer = authentik.issuer();
    await expect(v2.discoverAuthorizationServerMetadata(issuer.slice(0, -1))).rejects.toThrow(/issuer/i);
    await expect(v2.discoverAuthorizationServerMetadata(issuer)).resolves.toMatchObject({ issuer });
  });
});
