import type { CryptoKey } from 'jose';

/** Octets of a signature by its curve, be it ECDSA or EdDSA. @see RFC 7518 §3.4, RFC 8032 §5.1.6 */
const octetsByCurve: Readonly<Record<string, number>> = { 'P-256': 64, 'P-384': 96, 'P-521': 132, Ed25519: 64 };

/**
 * How many characters each signature of a key has in a token; RSA signs as long as its modulus is.
 * @returns `undefined` for a key of which that is not known
 * @see RFC 7518 §3.3
 */
export function signatureCharactersOf({ algorithm }: CryptoKey): number | undefined {
  const { name, namedCurve, modulusLength } = algorithm as typeof algorithm & {
    readonly namedCurve?: string;
    readonly modulusLength?: number;
  };
  const octets = modulusLength === undefined ? octetsByCurve[namedCurve ?? name] : Math.ceil(modulusLength / 8);
  // Four characters for three octets, without padding.
  return octets === undefined ? undefined : Math.ceil((octets * 4) / 3);
}
