import { request } from 'node:http';

import * as fc from 'fast-check';
import { startEmbeddedAuthentik, type EmbeddedAuthentik } from 'nestjs-authentik-testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { type SessionApp, startSessionApp } from './app.js';

let authentik: EmbeddedAuthentik;
let app: SessionApp;
beforeAll(async () => {
  authentik = await startEmbeddedAuthentik();
  const unlimited = { maxLoginsPerMinute: 0, maxCallbacksPerMinute: 0 };
  app = await startSessionApp(authentik, { options: { session: unlimited } });
});
afterAll(async () => {
  await app.stop();
  await authentik.stop();
});

/** Sends a request line as it is. Gives the status. */
const send = (target: string): Promise<number> =>
  new Promise((resolve, reject) => {
    const { hostname, port } = new URL(app.url);
    const sent = request({ hostname, port, path: target, agent: false, headers: { accept: 'application/json' } });
    sent.on('error', reject);
    sent.on('response', (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    sent.end();
  });

const answers = [
  ['/auth/login', 302],
  ['/auth/callback', 400],
  ['/auth/error?error=login_denied', 403],
  ['/auth/signed-out', 200],
  ['/auth/user', 401],
] as const;

describe('a request line with a whole address in it', () => {
  it.each(answers)('is answered at %s as one with a path', async (path, status) => {
    expect(await send(path)).toBe(status);
    expect(await send(`http://app.example${path}`)).toBe(status);
  });

  it.each(answers)('that no URL can have is no failure of ours at %s', async (path, status) => {
    expect(await send(`http://app.example:99999${path}`)).toBe(status);
  });
});

/** Visible ASCII. */
const text = (but: string) =>
  fc.string({
    unit: fc
      .integer({ min: 0x21, max: 0x7e })
      .map((code) => String.fromCodePoint(code))
      .filter((character) => !but.includes(character)),
  });

it('whatever the request line has before its path, a route answers as without it, or Express lets it reach none', async () => {
  const authority = fc.oneof(
    text('/\\?#'),
    fc.integer({ min: 0, max: 99_999 }).map((port) => `app.example:${port}`),
  );
  const path = fc.constantFrom(...answers.map(([given]) => given.split('?')[0] ?? ''));
  await fc.assert(
    fc.asyncProperty(authority, path, text(''), async (before, at, query) => {
      const target = `${at}?${query}`;
      expect([await send(target), 400, 404]).toContain(await send(`http://${before}${target}`));
    }),
    { numRuns: 300 },
  );
});
