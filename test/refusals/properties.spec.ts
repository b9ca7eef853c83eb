import { type AddressInfo, connect } from 'node:net';

import { Controller, Get, type INestApplication } from '@nestjs/common';
import * as fc from 'fast-check';
import { Authenticated, AuthentikTokenService } from 'nestjs-authentik';
import { type EmbeddedAuthentik, startEmbeddedAuthentik } from 'nestjs-authentik-testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { recordLog } from '../harness/log-lines.js';
import { startRestApp } from '../harness/rest-app.js';

let served = 0;

@Controller('reports')
class ReportsController {
  @Get() @Authenticated() list() {
    served += 1;
    return 'in';
  }
}

const { lines, logger } = recordLog();
let authentik: EmbeddedAuthentik;
let app: INestApplication;
let port: number;
let sound: string;

beforeAll(async () => {
  authentik = await startEmbeddedAuthentik();
  app = await startRestApp(authentik.url, { controllers: [ReportsController], logger });
  await app.listen(0, '127.0.0.1');
  ({ port } = app.getHttpServer().address() as AddressInfo);
  sound = await authentik.mintAccessToken({ user: 'alice' });
});
afterAll(async () => {
  await app.close();
  await authentik.stop();
});
beforeEach(() => {
  served = 0;
  lines.length = 0;
});

/** Writes the header byte for byte, as no HTTP client would. */
async function statusOf(authorization: Uint8Array): Promise<number> {
  const socket = connect(port, '127.0.0.1');
  socket.write('GET /reports HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: ');
  socket.write(authorization);
  socket.write('\r\n\r\n');
  let answer = '';
  for await (const chunk of socket) answer += String(chunk);
  return Number(/^HTTP\/1\.1 (\d{3})/u.exec(answer)?.[1]);
}

// Line ends would end the header, and what follows would be another one.
const bytes = fc.uint8Array({ maxLength: 200 }).filter((all) => !all.includes(10) && !all.includes(13));
const textual = (text: string) => Buffer.from(text, 'latin1');
const nearMisses = fc.oneof(
  bytes,
  bytes.map((all) => Buffer.concat([textual('Bearer '), all])),
  fc
    .string({ maxLength: 100, unit: 'binary-ascii' })
    .map((text) => textual(`Bearer ${text.replace(/[\r\n\0]/gu, '')}`)),
);

describe('an Authorization header of any bytes', () => {
  it('is 400 or 401, and never runs a handler', { timeout: 120_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(nearMisses, async (authorization) => {
        const status = await statusOf(authorization);
        expect([400, 401]).toContain(status);
        expect(served).toBe(0);
      }),
      { numRuns: 500 },
    );
    for (const line of lines) expect(line).not.toMatch(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/u);
    expect(await statusOf(textual(`Bearer ${sound}`))).toBe(200);
    expect(served).toBe(1);
  });
});

/** Whether two tokens are the same bytes: the last character of a part has bits that mean nothing. */
const sameBytes = (one: string, other: string) => {
  const decoded = [one, other].map((token) =>
    token.split('.').map((part) => Buffer.from(part, 'base64url').toString('hex')),
  );
  return JSON.stringify(decoded[0]) === JSON.stringify(decoded[1]);
};

describe('a sound token with anything changed', () => {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

  const changed = fc.oneof(
    // One character is another.
    fc.tuple(fc.nat(), fc.constantFrom(...alphabet.split(''))).map(([at, character]) => {
      const index = at % sound.length;
      return sound[index] === '.' ? `${sound}.` : `${sound.slice(0, index)}${character}${sound.slice(index + 1)}`;
    }),
    // Something is missing.
    fc.tuple(fc.nat(), fc.integer({ min: 1, max: 40 })).map(([at, count]) => {
      const index = at % sound.length;
      return sound.slice(0, index) + sound.slice(index + count);
    }),
    // Something is added.
    fc
      .tuple(fc.nat(), fc.string({ minLength: 1, maxLength: 20 }))
      .map(([at, text]) => sound.slice(0, at % sound.length) + text + sound.slice(at % sound.length)),
    // A part is made of something else, signed or not.
    fc.tuple(fc.nat({ max: 2 }), fc.json()).map(([part, json]) => {
      const parts = sound.split('.');
      parts[part] = Buffer.from(json).toString('base64url');
      return parts.join('.');
    }),
    // The claims are others.
    fc
      .tuple(fc.constantFrom('sub', 'groups', 'exp', 'aud', 'azp', 'iss', 'scope'), fc.jsonValue())
      .map(([name, value]) => {
        const [header, payload = '', signature] = sound.split('.');
        const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as object;
        const bent = Buffer.from(JSON.stringify({ ...claims, [name]: value })).toString('base64url');
        return [header, bent, signature].join('.');
      }),
  );

  it.each(['x', 'aud', 'iss', 'groups', 'scope', 'sub'])('is refused, however deep its %s is', async (name) => {
    const tokens = app.get(AuthentikTokenService);
    const [header, payload = '', signature] = sound.split('.');
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>;
    for (const depth of [10, 1000, 3000, 5000]) {
      const nested = `${'['.repeat(depth)}${']'.repeat(depth)}`;
      // No serializer writes anything so deep.
      const json = JSON.stringify({ ...claims, [name]: '@' }).replace('"@"', nested);
      const token = [header, Buffer.from(json).toString('base64url'), signature].join('.');
      expect(await tokens.tryVerifyToken(token)).toBeNull();
      expect(await statusOf(textual(`Bearer ${token}`))).toBe(token.length < 15_000 ? 401 : 431);
    }
  });

  it('is never accepted, in ten thousand tries', { timeout: 120_000 }, async () => {
    const tokens = app.get(AuthentikTokenService);
    // Remembered, so that what is remembered is tried as well.
    expect((await tokens.verifyToken(sound)).username).toBe('alice');
    await fc.assert(
      fc.asyncProperty(changed, async (token) => {
        fc.pre(!sameBytes(token, sound));
        expect(await tokens.tryVerifyToken(token)).toBeNull();
      }),
      { numRuns: 10_000 },
    );
  });
});
