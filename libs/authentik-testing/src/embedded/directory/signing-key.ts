import { createHash, type webcrypto } from 'node:crypto';
import { exportJWK, exportPKCS8, generateKeyPair, importJWK } from 'jose';
import type { Habits } from '../versions.js';
import { selfSignedCertificate } from './certificate.js';

/** Algorithms with a key pair; HS256 is a provider without one. */
export type SigningAlgorithm = 'RS256' | 'ES256';

/** A key pair with its certificate, as Authentik's certificate-key pairs. */
export interface SigningKey {
  readonly alg: SigningAlgorithm;
  readonly kid: string;
  readonly keys: webcrypto.CryptoKeyPair;
  /** Its entry in the key set. The certificate is made at the first call. */
  jwk(): Promise<Readonly<Record<string, unknown>>>;
  /** Its two halves for JWE; RSA only. */
  encryptionKey(): Promise<webcrypto.CryptoKey | Uint8Array>;
  decryptionKey(): Promise<webcrypto.CryptoKey | Uint8Array>;
}

/** The key in the form that encryption wants; as a signing key it can't be used for that. */
async function asEncryptionKey(key: webcrypto.CryptoKey) {
  const { use: _, alg: __, key_ops: ___, ...jwk } = await exportJWK(key);
  return importJWK(jwk, ENCRYPTION.alg);
}

/** How tokens are encrypted; nothing else can be chosen. */
export const ENCRYPTION = { alg: 'RSA-OAEP-256', enc: 'A256CBC-HS512' } as const;

/** @returns the entry in the key set of a key that tokens are encrypted to */
export async function encryptionJwk(key: SigningKey): Promise<Readonly<Record<string, unknown>>> {
  return { ...(await key.jwk()), ...ENCRYPTION, use: 'enc' };
}

/** @param options.modulusLength bits of an RSA key */
export async function generateSigningKey(
  alg: SigningAlgorithm,
  { habits, modulusLength }: { readonly habits: Habits; readonly modulusLength: number },
): Promise<SigningKey> {
  const keys = await generateKeyPair(alg, { extractable: true, modulusLength });
  const pem = await exportPKCS8(keys.privateKey);
  const kid = habits.longKid
    ? createHash('sha512').update(pem).digest('base64url')
    : createHash('md5').update(pem).digest('hex');
  let jwk: Promise<Readonly<Record<string, unknown>>> | undefined;
  return {
    alg,
    kid,
    keys,
    jwk: () => (jwk ??= publicJwk(alg, kid, keys)),
    encryptionKey: () => asEncryptionKey(keys.publicKey),
    decryptionKey: () => asEncryptionKey(keys.privateKey),
  };
}

async function publicJwk(alg: SigningAlgorithm, kid: string, keys: webcrypto.CryptoKeyPair) {
  const { kty, n, e, crv, x, y } = await exportJWK(keys.publicKey);
  const der = await selfSignedCertificate(keys, alg);
  return {
    alg,
    kid,
    kty,
    use: 'sig',
    ...(kty === 'RSA' ? { n, e } : { crv, x, y }),
    x5c: [der.toString('base64')],
    x5t: createHash('sha1').update(der).digest('base64url'),
    'x5t#S256': createHash('sha256').update(der).digest('base64url'),
  };
}
