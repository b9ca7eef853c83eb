import type { webcrypto } from 'node:crypto';
import { CompactEncrypt, CompactSign, exportJWK, importJWK, type CompactJWSHeaderParameters } from 'jose';
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
async function encrypt(signed: string, { kid, keys }: SigningKey): Promise<string> {
  // The key is one for signatures; jose wants it with the use that it has here.
  const publicKey = await importJWK(await exportJWK(keys.publicKey), ENCRYPTION.alg);
  return new CompactEncrypt(encoder.encode(signed))
    .setProtectedHeader({ ...ENCRYPTION, typ: 'JWE', kid })
    .encrypt(publicKey);
}

/** @returns the claims as a compact JWS with this very header */
export function signWith(
  claims: TokenClaims,
  header: CompactJWSHeaderParameters,
  key: webcrypto.CryptoKey | Uint8Array,
): Promise<string> {
  return new CompactSign(encoder.encode(JSON.stringify(claims))).setProtectedHeader(header).sign(key);
}
