import { startEmbeddedAuthentik, type EmbeddedAuthentik } from 'nestjs-authentik-testing';
import { authorizeUrl, post, signInForCode } from '../client.js';
import { Browser } from '../browser.js';
import type { Version } from './line.js';

export const WEB = {
  client_id: 'web',
  client_secret: 'web-secret-0123456789abcdef',
  redirect_uri: 'https://web.example/callback',
};
/** A confidential client that knows nothing of what `web` got. */
export const OTHER = {
  client_id: 'other',
  client_secret: 'other-secret-0123456789abcdef',
  redirect_uri: 'https://other.example/callback',
};
export const APP_PASSWORD = 'app-password-of-alice-0123456789';

const SUB_MODES = ['hashed_user_id', 'user_id', 'user_uuid', 'user_username', 'user_email', 'user_upn'] as const;

/** One server that most lines can be tested on: none of them changes what others need. */
export function startWorld(version: Version): Promise<EmbeddedAuthentik> {
  return startEmbeddedAuthentik({
    version,
    users: [
      {
        username: 'alice',
        name: 'Alice Archer',
        groups: ['engineering', 'mcp-users'],
        attributes: { upn: 'alice@upn.example' },
        appPasswords: [APP_PASSWORD],
      },
      { username: 'bob', groups: ['mcp-users'] },
      // Whose sessions end and whose groups change.
      { username: 'carol', groups: ['engineering'] },
      { username: 'dave' },
    ],
    applications: [
      { slug: 'mcp-server' },
      {
        slug: 'web',
        name: 'Web',
        clientSecret: WEB.client_secret,
        redirectUris: [WEB.redirect_uri],
      },
      { slug: 'other', clientSecret: OTHER.client_secret, redirectUris: [OTHER.redirect_uri] },
      {
        slug: 'matching',
        redirectUris: [
          'https://strict.example/Callback',
          'http://127.0.0.1:3000/callback',
          { matchingMode: 'regex', url: String.raw`https://[a-z]+\.regex\.example/callback` },
        ],
      },
      { slug: 'without-key', clientSecret: 'hs256-secret-0123456789abcdef', signing: 'HS256' },
      { slug: 'elliptic', signing: 'ES256' },
      { slug: 'global', issuerMode: 'global' },
      { slug: 'bound', bindings: [{ group: 'engineering' }] },
      { slug: 'with-logout' },
      {
        slug: 'leaving',
        redirectUris: [
          'http://127.0.0.1:49152/callback',
          { matchingMode: 'strict', url: 'https://leaving.example/bye', redirectUriType: 'logout' },
        ],
      },
      { slug: 'racing', refreshRaceMs: 60_000 },
      { slug: 'threshold', refreshTokenThreshold: 'days=1' },
      { slug: 'without-grants', clientSecret: 'no-grants-0123456789abcdef', grantTypes: [] },
      ...SUB_MODES.map((subMode) => ({ slug: `sub-${subMode}`, subMode })),
    ],
  });
}

/** @returns the response to an authorization request of a browser that is signed out, or signed in as somebody */
export async function authorizeAs(
  authentik: EmbeddedAuthentik,
  username: string | undefined,
  parameters: Record<string, string | undefined> = {},
): Promise<Response> {
  const browser = new Browser();
  if (username !== undefined) await signInForCode(authentik, {}, username, browser);
  return browser.request(authorizeUrl(authentik, parameters));
}

/** Redeems a code of any client. */
export async function grantOf(
  authentik: EmbeddedAuthentik,
  client: Record<string, string>,
  parameters: Record<string, string | undefined> = {},
  form: Record<string, string> = {},
  username = 'alice',
): Promise<Record<string, unknown>> {
  const { client_id, redirect_uri } = client;
  const code = await signInForCode(authentik, { client_id, redirect_uri, ...parameters }, username);
  const response = await askToken(authentik, { grant_type: 'authorization_code', code, ...client, ...form });
  if (response.status !== 200) throw new Error(`Not granted: ${JSON.stringify(response.body)}`);
  return response.body;
}

/** Asks the token endpoint, with nothing added. */
export async function askToken(authentik: EmbeddedAuthentik, form: Record<string, string>) {
  const response = await post(authentik, '/application/o/token/', form);
  return {
    status: response.status,
    headers: response.headers,
    body: (await response.json()) as Record<string, unknown>,
  };
}

/** @returns metadata of an application */
export async function metadataOf(authentik: EmbeddedAuthentik, slug = 'mcp-server'): Promise<Record<string, unknown>> {
  const url = `${authentik.url}/application/o/${slug}/.well-known/openid-configuration`;
  return (await (await fetch(url)).json()) as Record<string, unknown>;
}

/** A GET that follows no redirect. */
export const get = (authentik: EmbeddedAuthentik, path: string, headers: Record<string, string> = {}) =>
  fetch(new URL(path, authentik.url), { redirect: 'manual', headers });
