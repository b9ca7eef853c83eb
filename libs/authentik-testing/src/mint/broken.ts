import {
  CompactEncrypt,
  type CompactJWSHeaderParameters,
  CompactSign,
  exportJWK,
  exportSPKI,
  generateKeyPair,
} from 'jose';
import { selfSignedCertificate } from '../embedded/directory/certificate.js';
import type { Provider } from '../embedded/directory/entries.js';
import type { TokenClaims } from '../embedded/issued/records.js';
import { signWith } from '../embedded/issued/sign.js';
import type { BrokenKind } from './broken-kinds.js';

const encoder = new TextEncoder();
/** Before base64 makes four bytes of three. */
const HUGE_BYTES = 49_152;
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
    case 'expiryAsText':
      return { exp: String(sound.nowSeconds + 3600) };
    case 'noIssuer':
      return { iss: undefined };
    case 'noSubject':
      return { sub: undefined };
    case 'huge':
      return { padding: 'x'.repeat(HUGE_BYTES) };
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
  const soundHeader = JSON.parse(Buffer.from(header, 'base64url').toString('utf8')) as CompactJWSHeaderParameters;
  const ownKey = key?.keys.privateKey ?? encoder.encode(provider.clientSecret);
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
    case 'otherPayload':
      return `${header}.${base64url({ ...claims, groups: ['authentik Admins'] })}.${signature}`;
    case 'otherAlgorithm': {
      const other = alg === 'ES256' ? 'RS256' : 'ES256';
      const { privateKey } = await generateKeyPair(other, { extractable: true, modulusLength: 2048 });
      return signWith(claims, { alg: other, ...(key && { kid: key.kid }), typ: 'JWT' }, privateKey);
    }
    case 'keyInHeader': {
      const { publicKey, privateKey } = await stranger();
      return signWith(claims, { alg, jwk: await exportJWK(publicKey), typ: 'JWT' }, privateKey);
    }
    case 'keyUrlInHeader':
    case 'certificateUrlInHeader': {
      const member = kind === 'keyUrlInHeader' ? 'jku' : 'x5u';
      const { privateKey } = await stranger();
      return signWith(claims, { alg, [member]: 'https://keys.evil.example/', typ: 'JWT' }, privateKey);
    }
    case 'certificateInHeader': {
      const keys = await stranger();
      const certificate = await selfSignedCertificate(keys, alg === 'ES256' ? 'ES256' : 'RS256');
      return signWith(claims, { alg, x5c: [certificate.toString('base64')], typ: 'JWT' }, keys.privateKey);
    }
    case 'logoutToken': {
      const { iss, aud, iat, exp, sub, sid } = claims;
      const events = { 'http://schemas.openid.net/event/backchannel-logout': {} };
      return signWith({ iss, aud, iat, exp, sub, sid, events }, { ...soundHeader, typ: 'logout+jwt' }, ownKey);
    }
    case 'encrypted': {
      const { publicKey } = await generateKeyPair('RSA-OAEP-256', { modulusLength: 2048 });
      return new CompactEncrypt(encoder.encode(accessToken))
        .setProtectedHeader({ alg: 'RSA-OAEP-256', enc: 'A256CBC-HS512', typ: 'JWE' })
        .encrypt(publicKey);
    }
    case 'unknownCritical':
      return new CompactSign(encoder.encode(JSON.stringify(claims)))
        .setProtectedHeader({ ...soundHeader, crit: ['x-unknown'], 'x-unknown': true })
        .sign(ownKey, { crit: { 'x-unknown': true } });
    case 'payloadNotJson':
      return new CompactSign(encoder.encode('not json')).setProtectedHeader(soundHeader).sign(ownKey);
    case 'payloadNotObject':
      return new CompactSign(encoder.encode('["not", "an", "object"]')).setProtectedHeader(soundHeader).sign(ownKey);
    case 'fourParts':
      return `${accessToken}.${signature}`;
    case 'trailingBytes':
      return `${accessToken}AAAA`;
    case 'paddedBase64':
      return [header, payload, signature].map(padded).join('.');
    case 'truncated':
      return `${header}.${payload}`;
    case 'garbage':
      return 'not-a-token';
    default:
      return accessToken;
  }
}

/** Always with some padding, also where none is due. */
function padded(part: string): string {
  return `${part}${'='.repeat(4 - (part.length % 4))}`;
}
