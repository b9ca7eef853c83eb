import type { AddressInfo } from 'node:net';

import { Controller, Get, type INestApplication } from '@nestjs/common';
import { Authenticated, CurrentUser } from 'nestjs-authentik';
import { type EmbeddedAuthentik, startEmbeddedAuthentik } from 'nestjs-authentik-testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { createRestApp } from '../harness/rest-app.js';

const callers = 500;

@Controller('me')
class MeController {
  @Get() @Authenticated() me(@CurrentUser('username') username: string) {
    return { username };
  }
}

let authentik: EmbeddedAuthentik;
let app: INestApplication;
let address: string;
beforeEach(async () => {
  authentik = await startEmbeddedAuthentik();
  // The start has begun to ask, and has no answer before all callers wait for it too.
  await authentik.fault('slow', { delayMs: 60_000 });
  const waiting: (() => void)[] = [];
  app = await createRestApp(authentik.url, {
    controllers: [MeController],
    options: { timeoutMs: 60_000 },
    // Nobody goes on to the guards before all are there, so that they do come at once.
    configure: (created) =>
      created.use((_request: unknown, _response: unknown, next: () => void) => {
        waiting.push(next);
        if (waiting.length < callers) return;
        for (const goOn of waiting) goOn();
        setImmediate(() => void authentik.clearFaults());
      }),
  });
  await app.listen(0, '127.0.0.1');
  address = `http://127.0.0.1:${(app.getHttpServer().address() as AddressInfo).port}/me`;
});
afterEach(async () => {
  await app.close();
  await authentik.stop();
});

const asked = () => authentik.requests.map(({ endpoint }) => endpoint);

async function askAll(tokens: readonly string[]) {
  const answers = await Promise.all(
    tokens.map(async (token) => {
      const response = await fetch(address, { headers: { authorization: `Bearer ${token}` } });
      return `${response.status} ${await response.text()}`;
    }),
  );
  return { count: answers.length, answers: new Set(answers) };
}

describe('five hundred callers at once, of an app that knows nothing of Authentik yet', () => {
  const allServed = { count: callers, answers: new Set(['200 {"username":"alice"}']) };

  it('with one token, are served by one discovery and one reading of the keys', async () => {
    const token = await authentik.mintAccessToken({ user: 'alice' });
    expect(await askAll(Array.from({ length: callers }, () => token))).toEqual(allServed);
    expect(asked()).toEqual(['discovery', 'jwks']);
  });

  it('with a token each, are served by one discovery and one reading of the keys', async () => {
    const tokens = await Promise.all(
      Array.from({ length: callers }, () => authentik.mintAccessToken({ user: 'alice' })),
    );
    expect(new Set(tokens).size).toBe(callers);
    expect(await askAll(tokens)).toEqual(allServed);
    expect(asked()).toEqual(['discovery', 'jwks']);
  });
});
