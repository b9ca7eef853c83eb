import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import type { INestApplication } from '@nestjs/common';
import * as fc from 'fast-check';
import { CompactSign, decodeJwt, decodeProtectedHeader, exportJWK, generateKeyPair, type JWK } from 'jose';
import { AuthentikTokenService } from 'nestjs-authentik';
import { type EmbeddedAuthentik, startEmbeddedAuthentik } from 'nestjs-authentik-testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { selfSignedCertificate } from '../../libs/authentik-testing/src/embedded/directory/certificate.js';
import { startRestApp } from '../harness/rest-app.js';

type Fields = Readonly<Record<string, unknown>>;

/** Where `jku` and `x5u` lead: a key set of the attacker, which nobody may ever read. */
let visits = 0;
const attackersSite = createServer((_request, response) => {
  visits += 1;
  response.setHeader('content-type', 'application/json').end(JSON.stringify({ keys }));
});
const keys: JWK[] = [];
const algorithms = ['RS256', 'ES256'] as const;
const ownKey = async (alg: (typeof algorithms)[number]) => {
  const pair = await generateKeyPair(alg, { extractable: true });
  const certificate = (await selfSignedCertificate(pair, alg)).toString('base64');
  return { ...pair, certificate, jwk: await exportJWK(pair.publicKey) };
};
const attacker = { RS256: await ownKey('RS256'), ES256: await ownKey('ES256') };
const site = () => `http://localhost:${(attackersSite.address() as AddressInfo).port}/keys`;

let authentik: EmbeddedAuthentik;
let app: INestApplication;
let tokens: AuthentikTokenService;
let sound: string;
let header: Fields;
let claims: Fields;

beforeAll(async () => {
  attackersSite.listen(0);
  await once(attackersSite, 'listening');
  authentik = await startEmbeddedAuthentik();
  app = await startRestApp(authentik.url, { controllers: [] });
  tokens = app.get(AuthentikTokenService);
  sound = await authentik.mintAccessToken({ user: 'alice' });
  [header, claims] = [decodeProtectedHeader(sound), decodeJwt(sound)];
  for (const alg of algorithms) {
    const { jwk, certificate } = attacker[alg];
    for (const kid of ['attacker', String(header['kid'])]) keys.push({ ...jwk, kid, alg, x5c: [certificate] });
  }
});
afterAll(async () => {
  attackersSite.close();
  await app.close();
  await authentik.stop();
});
beforeEach(async () => {
  // The neighbour of each refusal below. Remembered, so that what is remembered is tried as well.
  expect((await tokens.verifyToken(sound)).username).toBe('alice');
});

const encoded = (fields: Fields) => Buffer.from(JSON.stringify(fields)).toString('base64url');
/** The sound fields with one that is another; `undefined` takes it away. */
const withField = (fields: Fields, name: string, value: unknown) => ({ ...fields, [name]: value });
/** Neither a yes, nor "nobody could be asked", which would be a 503. */
const refused = async (token: string) => {
  expect(await tokens.tryVerifyToken(token)).toBeNull();
};

/** What an attacker would write into one field of the header, besides any JSON. */
const headerValues: Record<string, () => readonly unknown[]> = {
  alg: () => [
    ...'none None NONE HS256 HS384 HS512 RS384 RS512 PS256 PS512 rs256 ES256 ES384 ES512 ES256K EdDSA'.split(' '),
    ...'Ed25519 RSA1_5 RSA-OAEP-256 dir A128KW'.split(' '),
    ['RS256'],
    ['none', 'RS256'],
    { RS256: 'RS256' },
    'RS256 ',
    '',
    256,
    true,
    null,
  ],
  kid: () => ['', ' ', '../../../../dev/null', 'https://keys.evil.example/', 'a'.repeat(4000), [header['kid']], 0, {}],
  jwk: () => [keys[0], { ...keys[0], kid: header['kid'] }, { kty: 'oct', k: '' }, [keys[0]], 'key'],
  jku: () => [site(), 'http://169.254.169.254/', 'file:///etc/passwd', [site()]],
  x5u: () => [site(), 'file:///etc/passwd', [site()]],
  x5c: () => [keys[0]?.x5c, keys[0]?.x5c?.[0], [''], ['not a certificate'], []],
  crit: () => [[], ['b64'], ['exp'], ['alg'], ['http://example.com/UNDEFINED'], ['b64', 'x-unknown'], 'b64', [1], {}],
  b64: () => [false, true, 'false'],
  typ: () => ['at+jwt', 'logout+jwt', 'JWE', 'dpop+jwt', 'secevent+jwt', '', ['JWT']],
  cty: () => ['JWT', 'application/jwt', 'text/html', ['JWT']],
  zip: () => ['DEF', 'GZ', ['DEF']],
  enc: () => ['A256GCM', 'none'],
};

const claimValues: Record<string, () => readonly unknown[]> = {
  iss: () => [
    `${authentik.url}/`,
    `${authentik.url}/application/o/other/`,
    [claims['iss']],
    `${String(claims['iss'])}x`,
  ],
  aud: () => ['other', ['mcp-server'], ['mcp-server', 'other'], [], '', {}],
  azp: () => ['other', ['mcp-server'], ''],
  uid: () => ['other', 1, ''],
  exp: () => [0, 1e15, String(claims['exp']), Number(claims['exp']) + 1, -1, [claims['exp']]],
  nbf: () => [0, 1, 1e15, '0', [0]],
  sub: () => ['other', 1, '', ['1']],
};

const json = fc.oneof(fc.jsonValue(), fc.string({ unit: 'binary' }), fc.constant(undefined));
const isNoText = (value: unknown) => typeof value !== 'string' || value === '';
const isNoMoment = (value: unknown) => typeof value !== 'number';
const runs = { numRuns: 200 };
const timeout = 60_000;

describe('a sound token with one field of its header changed and its signature kept, or cut off', () => {
  it.each(Object.keys(headerValues))('%s', { timeout }, async (name) => {
    const values = [...(headerValues[name]?.() ?? []), undefined];
    const [, payload, signature = ''] = sound.split('.');
    const tokenOf = (value: unknown, end: string, more: Fields = {}) =>
      [encoded({ ...withField(header, name, value), ...more }), payload, end].join('.');
    // RFC 7797: a header may say that the payload is not encoded, if it demands that this be understood.
    const unencoded = { b64: false, crit: ['b64'] };
    const rules = [{}, name === 'crit' || name === 'b64' ? {} : unencoded];
    const bent = values.flatMap((value) =>
      rules.flatMap((more) => [tokenOf(value, signature, more), tokenOf(value, '', more)]),
    );
    for (const token of bent.filter((each) => each !== sound)) await refused(token);
    await fc.assert(
      fc.asyncProperty(json, fc.constantFrom(signature, ''), async (value, end) => {
        fc.pre(tokenOf(value, end) !== sound);
        await refused(tokenOf(value, end));
      }),
      runs,
    );
    expect(visits).toBe(0);
  });
});

describe('a sound token with one claim changed and its signature kept', () => {
  it.each(Object.keys(claimValues))('%s', { timeout }, async (name) => {
    const [head, , signature] = sound.split('.');
    const tokenOf = (value: unknown) => [head, encoded(withField(claims, name, value)), signature].join('.');
    const values = [...(claimValues[name]?.() ?? []), undefined].map(tokenOf).filter((token) => token !== sound);
    expect(values.length).toBeGreaterThan(2);
    for (const token of values) await refused(token);
    await fc.assert(
      fc.asyncProperty(json, async (value) => {
        fc.pre(tokenOf(value) !== sound);
        await refused(tokenOf(value));
      }),
      runs,
    );
  });
});

describe('a token that Authentik signed, with one claim of a wrong type, or without it', () => {
  const isWrong: Record<string, (value: unknown) => boolean> = {
    iss: (value) => value !== claims['iss'],
    aud: (value) => ![value].flat().includes('mcp-server'),
    azp: (value) => value !== 'mcp-server',
    uid: (value) => typeof value !== 'string',
    exp: isNoMoment,
    nbf: (value) => value !== undefined && isNoMoment(value),
    sub: isNoText,
  };

  it.each(Object.keys(isWrong))('%s', { timeout }, async (name) => {
    await fc.assert(
      fc.asyncProperty(json, async (value) => {
        fc.pre(isWrong[name]?.(value) === true);
        await refused(await authentik.mintAccessToken({ user: 'alice', claims: { [name]: value } }));
      }),
      { numRuns: 100 },
    );
  });
});

describe('a token that the attacker signed, bringing the key along', () => {
  it(
    'is refused, whatever its header says of that key, and nothing is read from where it points',
    { timeout },
    async () => {
      const attempt = fc.record({
        alg: fc.constantFrom(...algorithms),
        kid: fc.constantFrom('attacker', header['kid'], undefined),
        typ: fc.constantFrom('JWT', 'at+jwt', undefined),
        brought: fc.subarray(['jwk', 'x5c', 'jku', 'x5u', 'crit'] as const, { minLength: 1 }),
      });
      await fc.assert(
        fc.asyncProperty(attempt, async ({ alg, kid, typ, brought }) => {
          const fields = {
            jwk: { ...attacker[alg].jwk, ...(kid !== undefined && { kid }), alg },
            x5c: [attacker[alg].certificate],
            jku: site(),
            x5u: site(),
            crit: ['x-unknown'],
          };
          const own = {
            alg,
            ...(kid !== undefined && { kid }),
            ...(typ !== undefined && { typ }),
            ...(brought.includes('crit') && { 'x-unknown': 1 }),
            ...Object.fromEntries(brought.map((name) => [name, fields[name]])),
          };
          const token = await new CompactSign(Buffer.from(JSON.stringify(claims)))
            .setProtectedHeader(own as { alg: string })
            .sign(attacker[alg].privateKey, { crit: { 'x-unknown': true } });
          await refused(token);
        }),
        { numRuns: 300 },
      );
      expect(visits).toBe(0);
    },
  );
});
