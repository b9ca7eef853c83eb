import { CompactSign, exportJWK, exportSPKI, generateKeyPair } from 'jose';
import type { Provider } from '../embedded/directory/entries.js';
import type { TokenClaims } from '../embedded/issued/records.js';
import { signWith } from '../embedded/issued/sign.js';

/** Ways in which an access token can be wrong; each is sound but for that one thing. */
export type BrokenKind =
  | 'expired'
  | 'notYetValid'
  | 'noExpiry'
  | 'algNone'
  | 'hs256WithPublicKey'
  | 'otherIssuer'
  | 'issuerWithoutSlash'
  | 'otherAudience'
  | 'noAudience'
  | 'otherAuthorizedParty'
  | 'idToken'
  | 'badSignature'
  | 'noSignature'
  | 'unknownKey'
  | 'foreignKeySameKid'
  | 'keyInHeader'
  | 'unknownCritical'
  | 'payloadNotJson'
  | 'truncated'
  | 'garbage';

/** All of them, for tables of tests. */
export const BROKEN_KINDS: readonly BrokenKind[] = [
  'expired',
  'notYetValid',
  'noExpiry',
  'algNone',
  'hs256WithPublicKey',
  'otherIssuer',
  'issuerWithoutSlash',
  'otherAudience',
  'noAudience',
  'otherAuthorizedParty',
  'idToken',
  'badSignature',
  'noSignature',
  'unknownKey',
  'foreignKeySameKid',
  'keyInHeader',
  'unknownCritical',
  'payloadNotJson',
  'truncated',
  'garbage',
];

const encoder = new TextEncoder();
const base64url = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** Claims that replace the sound ones; an undefined one is taken away. What is not here breaks the signature or the form. */
export function brokenClaims(kind: BrokenKind, sound: { issuer: string; nowSeconds: number }): TokenClaims {
  switch (kind) {
    case 'expired':
      return { iat: sound.nowSeconds - 7200, auth_time: sound.nowSeconds - 7200, exp: sound.nowSeconds - 3600 };
    case 'notYetValid':
      return { nbf: sound.nowSeconds + 3600 };
    case 'noExpiry':
      return { exp: undefined };
    case 'otherIssuer':
      return { iss: 'https://other-issuer.example/application/o/other/' };
    case 'issuerWithoutSlash':
      return { iss: sound.issuer.replace(/\/$/, '') };
    case 'otherAudience':
      return { aud: 'another-client' };
    case 'noAudience':
      return { aud: undefined };
    case 'otherAuthorizedParty':
      return { azp: 'another-client' };
    default:
      return {};
  }
}

/**
 * Breaks a sound token where claims are not enough.
 * @param accessToken sound
 */
export async function breakToken(kind: BrokenKind, accessToken: string, provider: Provider): Promise<string> {
  const [header = '', payload = '', signature = ''] = accessToken.split('.');
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as TokenClaims;
  const key = await provider.signingKey;
  const alg = key?.alg ?? 'RS256';
  const stranger = () => generateKeyPair(alg, { extractable: true, modulusLength: 2048 });
  switch (kind) {
    case 'algNone':
      return `${base64url({ alg: 'none', typ: 'JWT' })}.${payload}.`;
    case 'hs256WithPublicKey': {
      // What a verifier does that takes the algorithm from the header and the key from the key set.
      const secret = key === undefined ? 'public' : await exportSPKI(key.keys.publicKey);
      return signWith(claims, { alg: 'HS256', typ: 'JWT', ...(key && { kid: key.kid }) }, encoder.encode(secret));
    }
    case 'badSignature': {
      const bytes = Buffer.from(signature, 'base64url');
      bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 0xff;
      return `${header}.${payload}.${bytes.toString('base64url')}`;
    }
    case 'noSignature':
      return `${header}.${payload}.`;
    case 'unknownKey':
      return signWith(
        claims,
        { alg, kid: 'ffffffffffffffffffffffffffffffff', typ: 'JWT' },
        (await stranger()).privateKey,
      );
    case 'foreignKeySameKid':
      return signWith(claims, { alg, ...(key && { kid: key.kid }), typ: 'JWT' }, (await stranger()).privateKey);
    case 'keyInHeader': {
      const { publicKey, privateKey } = await stranger();
      return signWith(claims, { alg, jwk: await exportJWK(publicKey), typ: 'JWT' }, privateKey);
    }
    case 'unknownCritical': {
      const protectedHeader = {
        ...(JSON.parse(Buffer.from(header, 'base64url').toString('utf8')) as { alg: string }),
        crit: ['x-unknown'],
        'x-unknown': true,
      };
      const secret = key?.keys.privateKey ?? encoder.encode(provider.clientSecret);
      return new CompactSign(encoder.encode(JSON.stringify(claims)))
        .setProtectedHeader(protectedHeader)
        .sign(secret, { crit: { 'x-unknown': true } });
    }
    case 'payloadNotJson': {
      const secret = key?.keys.privateKey ?? encoder.encode(provider.clientSecret);
      return new CompactSign(encoder.encode('not json'))
        .setProtectedHeader({ alg: key?.alg ?? 'HS256', ...(key && { kid: key.kid }), typ: 'JWT' })
        .sign(secret);
    }
    case 'truncated':
      return `${header}.${payload}`;
    case 'garbage':
      return 'not-a-token';
    default:
      return accessToken;
  }
}
