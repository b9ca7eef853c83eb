import { Controller, Delete } from '@nestjs/common';
import { Authenticated } from 'nestjs-authentik';
import { startEmbeddedAuthentik } from 'nestjs-authentik-testing';
import request from 'supertest';
import { expect, it } from 'vitest';

import { startRestApp } from '../harness/rest-app.js';

const ran: string[] = [];

@Controller()
class RecordsController {
  @Delete('records') @Authenticated() purge() {
    ran.push('purge');
  }
}

it('a token is judged before its request goes on, also where the global Promise is another one', async () => {
  const authentik = await startEmbeddedAuthentik();
  const app = await startRestApp(authentik.url, { controllers: [RecordsController] });
  const original = globalThis.Promise;
  try {
    // As zone.js and others do it: what an async function returns is no instance of it.
    globalThis.Promise = class ForeignPromise<T> extends original<T> {};
    const purge = (authorization: string) =>
      request(app.getHttpServer()).delete('/records').set({ authorization, accept: 'application/json' });
    expect((await purge('Bearer garbage')).status).toBe(401);
    expect((await purge(`Bearer ${await authentik.mintBroken({ kind: 'expired', user: 'alice' })}`)).status).toBe(401);
    expect(ran).toEqual([]);
    expect((await purge((await authentik.bearer('alice')).authorization)).status).toBe(200);
    expect(ran).toEqual(['purge']);
  } finally {
    globalThis.Promise = original;
    await app.close();
    await authentik.stop();
  }
});
