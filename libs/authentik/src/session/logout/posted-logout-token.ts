import type { IncomingMessage } from 'node:http';

import { maxLogoutTokenBytes, refuseLogoutToken } from './logout-token.verifier.js';

/** Besides the token a form has its name in it. */
const maxBodyBytes = maxLogoutTokenBytes + 64;

/**
 * The logout token in a request, whether the app has parsed its body or not.
 * @throws {LogoutTokenError} not a form, too long, or not one token
 * @see OpenID Connect Back-Channel Logout 1.0 §2.5
 */
export async function postedLogoutToken(request: IncomingMessage & { readonly body?: unknown }): Promise<string> {
  const { headers, body } = request;
  if (!/^application\/x-www-form-urlencoded(?:\s*;|$)/iu.test(headers['content-type'] ?? '')) {
    throw refuseLogoutToken('not_a_form');
  }
  if (Number(headers['content-length'] ?? 0) > maxBodyBytes) throw refuseLogoutToken('too_large');
  const token = request.readableDidRead
    ? (body as { logout_token?: unknown } | null | undefined)?.logout_token
    : onlyOne(new URLSearchParams(await read(request)).getAll('logout_token'));
  if (typeof token !== 'string' || token === '') throw refuseLogoutToken('not_a_form');
  return token;
}

const onlyOne = (values: readonly string[]) => (values.length === 1 ? values[0] : undefined);

async function read(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBodyBytes) throw refuseLogoutToken('too_large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}
