import type { webcrypto } from 'node:crypto';
import { CompactSign, type CompactJWSHeaderParameters } from 'jose';
import type { Provider } from '../directory/entries.js';
import type { TokenClaims } from './records.js';

const encoder = new TextEncoder();

/** @returns the claims as a compact JWS, signed as the provider signs: with its key, or with the client secret (HS256) */
export async function signClaims(claims: TokenClaims, provider: Provider, typ = 'JWT'): Promise<string> {
  const key = await provider.signingKey;
  return key === undefined
    ? signWith(claims, { alg: 'HS256', typ }, encoder.encode(provider.clientSecret))
    : signWith(claims, { alg: key.alg, kid: key.kid, typ }, key.keys.privateKey);
}

/** @returns the claims as a compact JWS with this very header */
export function signWith(
  claims: TokenClaims,
  header: CompactJWSHeaderParameters,
  key: webcrypto.CryptoKey | Uint8Array,
): Promise<string> {
  return new CompactSign(encoder.encode(JSON.stringify(claims))).setProtectedHeader(header).sign(key);
}
