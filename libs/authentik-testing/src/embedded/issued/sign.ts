import type { webcrypto } from 'node:crypto';
import { CompactEncrypt, CompactSign, type CompactJWSHeaderParameters } from 'jose';
import type { Provider } from '../directory/entries.js';
import { ENCRYPTION, type SigningKey } from '../directory/signing-key.js';
import type { TokenClaims } from './records.js';

const encoder = new TextEncoder();

/** @returns the claims as a compact JWS, signed as the provider signs: with its key, or with the client secret (HS256) */
export async function signClaims(claims: TokenClaims, provider: Provider, typ = 'JWT'): Promise<string> {
  const [key, encryptionKey] = await Promise.all([provider.signingKey, provider.encryptionKey]);
  const signed = await (key === undefined
    ? signWith(claims, { alg: 'HS256', typ }, encoder.encode(provider.clientSecret))
    : signWith(claims, { alg: key.alg, kid: key.kid, typ }, key.keys.privateKey));
  return encryptionKey === undefined ? signed : encrypt(signed, encryptionKey);
}

/** A signed token inside of an encrypted one. */
async function encrypt(signed: string, key: SigningKey): Promise<string> {
  return new CompactEncrypt(encoder.encode(signed))
    .setProtectedHeader({ ...ENCRYPTION, typ: 'JWE', kid: key.kid })
    .encrypt(await key.encryptionKey());
}

/** @returns the claims as a compact JWS with this very header */
export function signWith(
  claims: TokenClaims,
  header: CompactJWSHeaderParameters,
  key: webcrypto.CryptoKey | Uint8Array,
): Promise<string> {
  return new CompactSign(encoder.encode(JSON.stringify(claims))).setProtectedHeader(header).sign(key);
}
