import { CompactSign, type CryptoKey, generateKeyPair } from 'jose';
import { describe, expect, it } from 'vitest';

import { publishedKeyAlgorithms } from './jwt.verifier.js';
import { signatureCharactersOf } from './signature-characters.js';

const keys = [
  ...publishedKeyAlgorithms.map((alg) => ({ alg, modulusLength: 2048 })),
  { alg: 'RS256', modulusLength: 3072 },
  { alg: 'RS256', modulusLength: 4096 },
];

describe('the characters of a signature', () => {
  it.each(keys)(
    'are as many as $alg writes with its key, of $modulusLength bits for RSA',
    async ({ alg, ...options }) => {
      const { publicKey, privateKey } = await generateKeyPair(alg, options);
      const signed = await new CompactSign(new Uint8Array(1)).setProtectedHeader({ alg }).sign(privateKey);
      expect(signatureCharactersOf(publicKey)).toBe(signed.split('.')[2]?.length);
    },
  );

  it('are not told of another kind of key', () => {
    expect(signatureCharactersOf({ algorithm: { name: 'X448' } } as CryptoKey)).toBeUndefined();
  });
});
