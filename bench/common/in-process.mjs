import { hash } from 'node:crypto';
import process from 'node:process';
import { setImmediate as eventLoop } from 'node:timers/promises';

import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { compactVerify, createLocalJWKSet, decodeJwt, importJWK, jwtVerify } from 'jose';
import { LRUCache } from 'lru-cache';
import { AuthentikModule, AuthentikTokenService } from 'nestjs-authentik';

import { decorate } from '../servers/decorate.mjs';
import { shuffled } from './statistics.mjs';

/** The token service of an app without HTTP. */
export async function startTokenService(options) {
  class BenchModule {}
  const authentik = AuthentikModule.forRoot({ ...options, publicUrl: 'http://127.0.0.1:3000', logLevel: 'error' });
  decorate(BenchModule, [Module({ imports: [authentik] })]);
  const app = await NestFactory.createApplicationContext(BenchModule, { logger: ['error'] });
  return { tokens: app.get(AuthentikTokenService), close: () => app.close() };
}

const issuerOf = ({ url, applicationSlug }) => `${url}/application/o/${applicationSlug}/`;

const keySetOf = async (options) => (await fetch(new URL('jwks/', issuerOf(options)))).json();

/** `jose` with the keys at hand, and what a careful app tells it to check. */
export async function createJose(options, algorithm) {
  const issuer = issuerOf(options);
  const { clientId } = options;
  const keys = createLocalJWKSet(await keySetOf(options));
  const checks = {
    issuer,
    audience: clientId,
    algorithms: [algorithm],
    clockTolerance: 5,
    requiredClaims: ['exp', 'sub'],
  };
  return (token) => jwtVerify(token, keys, checks);
}

/** The least on top of `jose` that reads claims before the signature, and remembers a token by its SHA-256. */
export async function createJoseByHand(options, algorithm, maxEntries) {
  const issuer = issuerOf(options);
  const { clientId } = options;
  const [jwk] = (await keySetOf(options)).keys;
  const key = await importJWK(jwk, algorithm);
  const known = new LRUCache({ max: maxEntries });
  return async (token) => {
    const id = hash('sha256', token, 'base64url');
    const remembered = known.get(id);
    if (remembered !== undefined) return remembered;
    const claims = decodeJwt(token);
    const { iss, aud, exp } = claims;
    if (iss !== issuer || aud !== clientId || exp <= Date.now() / 1000) throw new Error('refused');
    await compactVerify(token, key, { algorithms: [algorithm] });
    known.set(id, claims);
    return claims;
  };
}

/** Looks a token up by its SHA-256, and does nothing else. */
export function createMapLookUp(tokens) {
  const known = new Map(tokens.map((token) => [hash('sha256', token, 'base64url'), { token: token.length }]));
  return (token) => known.get(hash('sha256', token, 'base64url'));
}

/**
 * A copy of a token as the HTTP parser would give it: a new string, of which V8 has no hash yet.
 * @returns gives the next of them
 */
export function freshCopies(tokens) {
  const buffers = tokens.map((token) => Buffer.from(`Bearer ${token}`, 'latin1'));
  let turn = 0;
  return () => buffers[(turn += 1) % buffers.length].latin1Slice().slice(7);
}

/** Into what a round is cut: the machine's moods change within one, and all ways are to meet the same. */
const sliceMilliseconds = 5;

/**
 * Times several ways to do the same, in turn.
 * @param ways name to a function that takes a token
 * @returns name to microseconds a call, one value for each round; values of one round may be compared
 */
export async function timeInTurn(ways, { next, rounds, millisecondsEach }) {
  const names = Object.keys(ways);
  const slices = Math.ceil(millisecondsEach / sliceMilliseconds);
  const found = Object.fromEntries(names.map((name) => [name, []]));
  for (let round = -1; round < rounds; round += 1) {
    // What answers at once lets nothing else happen, such as the end of a connection that was kept too long.
    await eventLoop();
    const sums = Object.fromEntries(names.map((name) => [name, { microseconds: 0, calls: 0 }]));
    for (let slice = 0; slice < slices; slice += 1) {
      // By chance: in a fixed order whatever comes at a fixed interval, such as garbage collections, falls to the same one again.
      for (const index of shuffled(names.length)) {
        const name = names[index];
        const nextOf = typeof next === 'function' ? next : next[name];
        await timeCalls(sums[name], ways[name], nextOf, sliceMilliseconds);
      }
    }
    // The first round warms up.
    if (round < 0) continue;
    for (const name of names) found[name].push(sums[name].microseconds / sums[name].calls);
  }
  return found;
}

async function timeCalls(sum, call, next, milliseconds) {
  const begin = process.hrtime.bigint();
  const end = begin + BigInt(Math.round(milliseconds * 1_000_000));
  let now = begin;
  while (now < end) {
    for (let few = 0; few < 10; few += 1) {
      const answer = call(next());
      if (answer instanceof Promise) await answer;
    }
    sum.calls += 10;
    now = process.hrtime.bigint();
  }
  sum.microseconds += Number(now - begin) / 1000;
}

export const ratios = (found, name, baseline) => found[name].map((value, round) => value / found[baseline][round]);
