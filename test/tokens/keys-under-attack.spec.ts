import type { INestApplication } from '@nestjs/common';
import { AuthentikTokenService, AuthentikUnavailableError } from 'nestjs-authentik';
import { type EmbeddedAuthentik, startEmbeddedAuthentik } from 'nestjs-authentik-testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { letPass } from '../harness/let-pass.js';
import { startRestApp } from '../harness/rest-app.js';

let authentik: EmbeddedAuthentik;
let app: INestApplication;
let tokens: AuthentikTokenService;
/** A token of a key that Authentik never had. */
let unknown: string;
beforeEach(async () => {
  authentik = await startEmbeddedAuthentik({ applications: [{ slug: 'mcp-server', clientType: 'public' }] });
  app = await startRestApp(authentik.url, { controllers: [], options: { tokens: { staleKeysSeconds: 600 } } });
  tokens = app.get(AuthentikTokenService);
  unknown = await authentik.mintBroken({ kind: 'unknownKey', user: 'alice' });
});
afterEach(async () => {
  await app.close();
  await authentik.stop();
});

const mint = () => authentik.mintAccessToken({ user: 'alice' });
const jwksCalls = () => authentik.requestsTo('jwks').length;

/** Ten waves of tokens of the unknown key, a thousand unless told, each another one to whoever remembers refusals. */
async function flood(ofOneWave = 100) {
  const waves = Array.from({ length: 10 }, async (_wave, wave) => {
    for (let turn = 0; turn < wave * 3; turn += 1) await new Promise(setImmediate);
    return Promise.all(
      Array.from({ length: ofOneWave }, (_, index) => tokens.tryVerifyToken(`${unknown}${wave * ofOneWave + index}`)),
    );
  });
  return (await Promise.all(waves)).flat();
}

describe('a flood of unknown keys', () => {
  it('makes one call a cooldown, however the thousand arrive, and keeps a new key out no longer than that', async () => {
    const known = await mint();
    expect((await tokens.verifyToken(known)).username).toBe('alice');
    for (let cooldown = 1; cooldown <= 5; cooldown += 1) {
      letPass(5_001);
      const before = jwksCalls();
      expect(new Set(await flood())).toEqual(new Set([null]));
      expect(jwksCalls() - before).toBe(1);
    }
    await authentik.rotateKeys();
    const rotated = await mint();
    await flood();
    letPass(5_001);
    await Promise.all([flood(), expect(tokens.verifyToken(rotated)).resolves.toMatchObject({ username: 'alice' })]);
  });
});

describe('a key that Authentik rotates in', () => {
  it.each([0, 1, 2_500, 4_999, 5_000, 299_000])(
    'is accepted within 5 s in quiet, %i ms after the keys were read',
    async (sinceMs) => {
      expect((await tokens.verifyToken(await mint())).username).toBe('alice');
      letPass(sinceMs);
      await authentik.rotateKeys();
      letPass(5_000);
      expect((await tokens.verifyToken(await mint())).username).toBe('alice');
      expect(jwksCalls()).toBe(2);
    },
  );

  it.each([0, 2_500, 4_999])(
    'is accepted within 30 s while a flood of unknown ones goes on, %i ms after the keys were read',
    async (sinceMs) => {
      expect((await tokens.verifyToken(await mint())).username).toBe('alice');
      letPass(sinceMs);
      await flood(10);
      await authentik.rotateKeys();
      const rotated = await mint();
      let acceptedAfter: number | undefined;
      for (let at = 1; at <= 30; at += 1) {
        letPass(1_000);
        const [answers, user] = await Promise.all([flood(10), tokens.tryVerifyToken(rotated)]);
        expect(new Set(answers)).toEqual(new Set([null]));
        // Accepted once, it stays so.
        if (acceptedAfter !== undefined) expect(user?.username).toBe('alice');
        if (user !== null) acceptedAfter ??= at;
      }
      expect(acceptedAfter).toBeLessThanOrEqual(30);
    },
  );
});

describe('keys in an outage', () => {
  it('serve for staleKeysSeconds beyond their age with few calls, then nobody is judged, and it ends by itself', async () => {
    expect((await tokens.verifyToken(await mint())).username).toBe('alice');
    await authentik.fault('down');
    authentik.clearRequests();
    letPass((5 * 60 + 600 - 5) * 1000);
    const fresh = await Promise.all(Array.from({ length: 20 }, mint));
    const served = await Promise.all(
      Array.from({ length: 1_000 }, (_, at) => tokens.verifyToken(fresh[at % 20] ?? '')),
    );
    expect(new Set(served.map(({ username }) => username))).toEqual(new Set(['alice']));
    expect(authentik.requests.length).toBeLessThanOrEqual(2);
    letPass(10_000);
    await expect(tokens.verifyToken(fresh[0] ?? '')).rejects.toBeInstanceOf(AuthentikUnavailableError);
    await authentik.clearFaults();
    letPass(10_000);
    expect((await tokens.verifyToken(fresh[0] ?? '')).username).toBe('alice');
  });
});

describe('a withdrawn key', () => {
  it('is not believed once more by a process that was idle', async () => {
    const [remembered, unseen] = [await mint(), await mint()];
    expect((await tokens.verifyToken(remembered)).username).toBe('alice');
    // From memory.
    expect((await tokens.verifyToken(remembered)).username).toBe('alice');
    await authentik.rotateKeys();
    letPass(11 * 60 * 1000);
    expect(await tokens.tryVerifyToken(remembered)).toBeNull();
    expect(await tokens.tryVerifyToken(unseen)).toBeNull();
    expect((await tokens.verifyToken(await mint())).username).toBe('alice');
  });

  it('and one that was not are told apart: what Authentik still publishes is believed after the same time', async () => {
    const remembered = await mint();
    expect((await tokens.verifyToken(remembered)).username).toBe('alice');
    // From memory.
    expect((await tokens.verifyToken(remembered)).username).toBe('alice');
    letPass(11 * 60 * 1000);
    expect((await tokens.verifyToken(remembered)).username).toBe('alice');
    expect(jwksCalls()).toBe(2);
  });
});
