import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import { exportJWK, generateKeyPair, SignJWT } from 'jose';

/** Writes one answer; `own` is what a sound provider would say. */
export type BentAnswer = (response: ServerResponse, own: { origin: string; metadata: object; jwks: object }) => void;

/** A provider that says something else than Authentik does. */
export interface BentProvider {
  readonly origin: string;
  /** A sound access token of it. */
  readonly token: string;
  readonly stop: () => void;
}

export const json = (response: ServerResponse, body: unknown): void => {
  response.setHeader('content-type', 'application/json').end(JSON.stringify(body));
};

/** Starts a provider of the application `mcp-server` whose answers can be bent. */
export async function startBentProvider(bent: { discovery?: BentAnswer; jwks?: BentAnswer }): Promise<BentProvider> {
  const { publicKey, privateKey } = await generateKeyPair('RS256');
  const jwks = { keys: [{ ...(await exportJWK(publicKey)), kid: 'key', alg: 'RS256', use: 'sig' }] };
  const server = createServer((message: IncomingMessage, response) => {
    const metadata = {
      issuer: `${origin}/application/o/mcp-server/`,
      authorization_endpoint: `${origin}/application/o/authorize/`,
      token_endpoint: `${origin}/application/o/token/`,
      jwks_uri: `${origin}/application/o/mcp-server/jwks/`,
      response_types_supported: ['code'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['RS256'],
    };
    const own = { origin, metadata, jwks };
    if (message.url?.endsWith('openid-configuration') === true) {
      (bent.discovery ?? ((to) => json(to, metadata)))(response, own);
    } else (bent.jwks ?? ((to) => json(to, jwks)))(response, own);
  });
  await new Promise<void>((resolve) => server.listen(0, resolve));
  const origin = `http://localhost:${(server.address() as AddressInfo).port}`;
  const token = await new SignJWT({ azp: 'mcp-server', uid: 'x', scope: 'openid' })
    .setProtectedHeader({ alg: 'RS256', kid: 'key' })
    .setIssuer(`${origin}/application/o/mcp-server/`)
    .setAudience('mcp-server')
    .setSubject('1')
    .setExpirationTime('1h')
    .sign(privateKey);
  return { origin, token, stop: () => void server.close() };
}
