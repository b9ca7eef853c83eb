import { expect } from 'vitest';
import { decode, post } from '../client.js';
import type { Lines } from './line.js';
import { askToken, get, metadataOf, WEB } from './world.js';

const GLOBAL_POSTS = ['token', 'userinfo', 'introspect', 'revoke', 'device'];
const METADATA_KEYS = [
  'issuer authorization_endpoint token_endpoint userinfo_endpoint end_session_endpoint introspection_endpoint',
  'revocation_endpoint device_authorization_endpoint response_types_supported response_modes_supported jwks_uri',
  'grant_types_supported id_token_signing_alg_values_supported subject_types_supported',
  'token_endpoint_auth_methods_supported acr_values_supported scopes_supported request_parameter_supported',
  'claims_supported claims_parameter_supported code_challenge_methods_supported',
].flatMap((keys) => keys.split(' '));

const clientCredentials = {
  grant_type: 'client_credentials',
  client_id: WEB.client_id,
  client_secret: WEB.client_secret,
};

/** Lines on paths, the issuer, metadata and keys. */
export const pathLines: Lines = {
  1: [
    {
      what: 'the issuer is `<base>/application/o/<slug>/`, with its slash, built from the host of the request',
      evidence: 'recorded',
      holds: async (authentik) => {
        const here = `http://localhost:${authentik.port}`;
        expect((await metadataOf(authentik))['issuer']).toBe(`${here}/application/o/mcp-server/`);
        expect((await metadataOf(authentik, 'global'))['issuer']).toBe(`${here}/`);
        const elsewhere = `http://127.0.0.1:${authentik.port}/application/o/mcp-server/`;
        const byAddress = await fetch(`${elsewhere}.well-known/openid-configuration`);
        expect(await byAddress.json()).toMatchObject({ issuer: elsewhere, jwks_uri: `${elsewhere}jwks/` });
        const behindTls = await get(authentik, '/application/o/mcp-server/.well-known/openid-configuration', {
          'x-forwarded-proto': 'https',
        });
        expect(await behindTls.json()).toMatchObject({
          issuer: `https://localhost:${authentik.port}/application/o/mcp-server/`,
        });
      },
    },
    {
      what: '`iss` in tokens equals it, by the host of the token request',
      evidence: 'recorded',
      holds: async (authentik) => {
        const { body } = await askToken(authentik, clientCredentials);
        const issuer = `http://localhost:${authentik.port}/application/o/web/`;
        expect(decode(body['access_token']).claims['iss']).toBe(issuer);
        expect(decode(body['id_token']).claims['iss']).toBe(issuer);
        const response = await fetch(`http://127.0.0.1:${authentik.port}/application/o/token/`, {
          method: 'POST',
          body: new URLSearchParams(clientCredentials),
        });
        const elsewhere = (await response.json()) as Record<string, unknown>;
        expect(decode(elsewhere['access_token']).claims['iss']).toBe(
          `http://127.0.0.1:${authentik.port}/application/o/web/`,
        );
      },
    },
  ],
  2: [
    {
      what: 'authorize, token, userinfo, introspect and revoke are global; keys, end-session and metadata are per application',
      evidence: 'recorded',
      holds: async (authentik) => {
        const [one, two] = [await metadataOf(authentik, 'web'), await metadataOf(authentik, 'other')];
        const endpoints = 'authorization token userinfo introspection revocation'.split(' ');
        for (const key of endpoints.map((name) => `${name}_endpoint`)) {
          expect(one[key]).toMatch(/^http:\/\/localhost:\d+\/application\/o\/[a-z]+\/$/);
          expect(two[key]).toBe(one[key]);
        }
        for (const key of ['jwks_uri', 'end_session_endpoint']) {
          expect(one[key]).toMatch(/\/application\/o\/web\/[a-z-]+\/$/);
          expect(two[key]).toBe(String(one[key]).replace('/web/', '/other/'));
        }
        // Neither stands where other servers have it.
        expect((await get(authentik, '/.well-known/openid-configuration')).status).toBe(404);
        expect((await get(authentik, '/application/o/web/authorize/?client_id=web')).status).toBe(404);
        expect((await post(authentik, '/application/o/web/token/', clientCredentials)).status).not.toBe(200);
      },
    },
  ],
  3: [
    {
      what: 'without its slash a path is 404 for GET and 405 for POST, never a redirect',
      evidence: 'recorded',
      holds: async (authentik) => {
        for (const name of GLOBAL_POSTS) {
          const page = await get(authentik, `/application/o/${name}`);
          expect([page.status, page.headers.get('location')]).toEqual([404, null]);
          const posted = await post(authentik, `/application/o/${name}`, clientCredentials);
          expect([posted.status, posted.headers.get('allow'), await posted.text()]).toEqual([
            405,
            'GET, HEAD, OPTIONS',
            '',
          ]);
        }
        for (const path of ['authorize', 'web', 'web/jwks', 'web/end-session']) {
          expect((await get(authentik, `/application/o/${path}`)).status).toBe(404);
        }
        expect((await get(authentik, '/application/o/web/.well-known/openid-configuration/')).status).toBe(404);
      },
    },
  ],
  4: [
    {
      what: "GET of the provider's root redirects to its metadata, that of an unknown slug too",
      evidence: 'recorded',
      holds: async (authentik) => {
        for (const slug of ['web', 'nobody-has-this']) {
          const root = await get(authentik, `/application/o/${slug}/`);
          expect([root.status, root.headers.get('location')]).toEqual([
            302,
            `/application/o/${slug}/.well-known/openid-configuration`,
          ]);
        }
        const unknown = await get(authentik, '/application/o/nobody-has-this/.well-known/openid-configuration');
        expect([unknown.status, unknown.headers.get('content-type')]).toEqual([404, 'text/html; charset=utf-8']);
      },
    },
  ],
  5: [
    {
      what: 'the RFC 8414 path with the final slash is the same JSON',
      versions: '>=2025.8.0',
      evidence: 'recorded',
      holds: async (authentik) => {
        const response = await get(authentik, '/.well-known/oauth-authorization-server/application/o/web/');
        expect(response.status).toBe(200);
        expect(await response.json()).toEqual(await metadataOf(authentik, 'web'));
      },
      otherwise: async (authentik) => {
        const response = await get(authentik, '/.well-known/oauth-authorization-server/application/o/web/');
        expect(response.status).toBe(404);
      },
    },
    {
      what: 'the RFC 8414 path without the final slash is 404, and so is the one of OpenID Connect before the path',
      evidence: 'recorded',
      holds: async (authentik) => {
        for (const name of ['oauth-authorization-server', 'openid-configuration']) {
          expect((await get(authentik, `/.well-known/${name}/application/o/web`)).status).toBe(404);
        }
      },
    },
  ],
  6: [
    {
      what: 'metadata have the keys of Authentik, list `plain` and `S256`, and neither `none` nor a registration endpoint',
      evidence: 'recorded',
      holds: async (authentik) => {
        const metadata = await metadataOf(authentik);
        expect(Object.keys(metadata)).toEqual(expect.arrayContaining(METADATA_KEYS));
        expect(metadata).toMatchObject({
          code_challenge_methods_supported: ['plain', 'S256'],
          token_endpoint_auth_methods_supported: ['client_secret_post', 'client_secret_basic'],
          id_token_signing_alg_values_supported: ['RS256'],
        });
        for (const absent of [
          'registration_endpoint',
          'pushed_authorization_request_endpoint',
          'authorization_response_iss_parameter_supported',
          'client_id_metadata_document_supported',
        ]) {
          expect(metadata).not.toHaveProperty(absent);
        }
      },
    },
    {
      what: 'metadata tell of back-channel and front-channel logout',
      versions: '>=2025.10.0',
      evidence: 'recorded',
      holds: async (authentik) => {
        expect(await metadataOf(authentik)).toMatchObject({
          backchannel_logout_supported: true,
          backchannel_logout_session_supported: true,
          frontchannel_logout_supported: true,
          frontchannel_logout_session_supported: true,
        });
      },
      otherwise: async (authentik) => {
        expect(Object.keys(await metadataOf(authentik)).filter((key) => key.includes('logout'))).toEqual([]);
      },
    },
  ],
  7: [
    {
      what: 'the key set has one key with `kid use alg x5c x5t x5t#S256`, for scripts of any origin',
      evidence: 'recorded',
      holds: async (authentik) => {
        for (const [slug, alg, members] of [
          ['web', 'RS256', ['n', 'e']],
          ['elliptic', 'ES256', ['crv', 'x', 'y']],
        ] as const) {
          const response = await get(authentik, `/application/o/${slug}/jwks/`, { origin: 'https://any.example' });
          expect(response.headers.get('access-control-allow-origin')).toBe('*');
          const { keys } = (await response.json()) as { keys: Record<string, unknown>[] };
          expect(keys).toHaveLength(1);
          expect(keys[0]).toMatchObject({ alg, use: 'sig', x5c: [expect.stringMatching(/^MII[A-Za-z0-9+/]+=*$/)] });
          for (const member of ['kid', 'kty', 'x5t', 'x5t#S256', ...members]) expect(keys[0]).toHaveProperty([member]);
        }
      },
    },
    {
      what: 'a provider without signing key has the key set `{}`',
      evidence: 'recorded',
      holds: async (authentik) => {
        const response = await get(authentik, '/application/o/without-key/jwks/');
        expect([response.status, await response.text()]).toEqual([200, '{}']);
      },
    },
  ],
};
