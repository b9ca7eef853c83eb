import { createHash } from 'node:crypto';
import type { EmbeddedAuthentik } from 'nestjs-authentik-testing';
import { Browser } from './browser.js';

export const CALLBACK = 'http://127.0.0.1:49152/callback';
export const VERIFIER = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk';
export const CHALLENGE = createHash('sha256').update(VERIFIER).digest('base64url');

/** @returns the URL of an authorization request of the public client `mcp-server`; undefined takes a parameter away */
export function authorizeUrl(authentik: EmbeddedAuthentik, parameters: Record<string, string | undefined> = {}): URL {
  const url = new URL('/application/o/authorize/', authentik.url);
  const all = {
    client_id: 'mcp-server',
    redirect_uri: CALLBACK,
    response_type: 'code',
    scope: 'openid profile email',
    state: 'st-123',
    ...parameters,
  };
  for (const [name, value] of Object.entries(all)) if (value !== undefined) url.searchParams.set(name, value);
  return url;
}

/** Signs somebody in and takes the code. */
export async function signInForCode(
  authentik: EmbeddedAuthentik,
  parameters: Record<string, string | undefined> = {},
  username = 'alice',
  browser = new Browser(),
): Promise<string> {
  const back = await browser.authorize(authorizeUrl(authentik, parameters), { username, password: authentik.password });
  const code = back.searchParams.get('code');
  if (code === null) throw new Error(`No code in ${back.href}`);
  return code;
}

/** A form post; `basic` sends credentials in the header. */
export function post(
  authentik: EmbeddedAuthentik,
  path: string,
  form: Record<string, string>,
  headers: Record<string, string> = {},
): Promise<Response> {
  return fetch(new URL(path, authentik.url), { method: 'POST', headers, body: new URLSearchParams(form) });
}

/** Asks the token endpoint. */
export async function token(authentik: EmbeddedAuthentik, form: Record<string, string>) {
  const response = await post(authentik, '/application/o/token/', {
    client_id: 'mcp-server',
    redirect_uri: CALLBACK,
    ...form,
  });
  return {
    status: response.status,
    headers: response.headers,
    body: (await response.json()) as Record<string, unknown>,
  };
}

/** Redeems a code of the public client. */
export const redeem = (authentik: EmbeddedAuthentik, code: string, form: Record<string, string> = {}) =>
  token(authentik, { grant_type: 'authorization_code', code, ...form });

/** @returns header and claims of a JWT, unchecked */
export function decode(jwt: unknown): { header: Record<string, unknown>; claims: Record<string, unknown> } {
  const [header = '', claims = ''] = String(jwt).split('.');
  return { header: parse(header), claims: parse(claims) };
}

function parse(part: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, unknown>;
}
