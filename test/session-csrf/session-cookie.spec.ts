import { Controller, Delete, Get, type INestApplication, Patch, Post, Put } from '@nestjs/common';
import { Authenticated, OptionalAuth, Public } from 'nestjs-authentik';
import { type EmbeddedAuthentik, startEmbeddedAuthentik } from 'nestjs-authentik-testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { FormBrowser } from '../harness/form-browser.js';
import { freePort } from '../harness/free-port.js';
import { startRestApp } from '../harness/rest-app.js';

let done = 0;

@Controller('things')
class Things {
  @Get() @Authenticated() look() {
    return { who: 'alice' };
  }
  @Post() @Authenticated() add() {
    done += 1;
    return {};
  }
  @Put() @Authenticated() replace() {
    done += 1;
    return {};
  }
  @Patch() @OptionalAuth() change() {
    done += 1;
    return {};
  }
  @Delete() @Authenticated() remove() {
    done += 1;
    return {};
  }
  @Post('open') @Public() open() {
    done += 1;
    return {};
  }
}

let authentik: EmbeddedAuthentik;
let app: INestApplication;
let origin: string;
let browser: FormBrowser;

beforeAll(async () => {
  const port = await freePort();
  origin = `http://localhost:${port}`;
  authentik = await startEmbeddedAuthentik();
  app = await startRestApp(authentik.url, {
    controllers: [Things],
    options: { publicUrl: origin, session: { secrets: ['a secret of more than 32 characters'] } },
    extras: { features: ['bearer', 'session'] },
  });
  await app.listen(port);
  browser = new FormBrowser();
  const credentials = { username: 'alice', password: authentik.password };
  expect((await browser.signIn(origin, credentials, '/auth/login?returnTo=/things')).html).toContain('alice');
});
afterAll(async () => {
  await app.close();
  await authentik.stop();
});
beforeEach(() => {
  done = 0;
});

const send = (method: string, headers: Record<string, string>, path = '/things') =>
  browser.exchange(origin + path, { method, headers: { accept: 'application/json', ...headers } });

describe.each(['POST', 'PUT', 'PATCH', 'DELETE'])('%s with a session cookie', (method) => {
  it('is done for a page of ours', async () => {
    expect((await send(method, {})).ok).toBe(true);
    expect(done).toBe(1);
  });

  it.each(['cross-site', 'same-site', 'none'])('is refused when the browser says %s', async (site) => {
    const response = await send(method, { 'sec-fetch-site': site });
    expect(response.status).toBe(403);
    expect(await response.json()).toMatchObject({ error: 'forbidden' });
    expect(done).toBe(0);
  });

  it('is done for a token, whatever page sends it', async () => {
    const response = await send(method, { ...(await authentik.bearer('alice')), 'sec-fetch-site': 'cross-site' });
    expect(response.ok).toBe(true);
    expect(done).toBe(1);
  });
});

describe('with a session cookie', () => {
  it('GET is answered from wherever one comes, for it changes nothing', async () => {
    expect((await send('GET', { 'sec-fetch-site': 'cross-site' })).status).toBe(200);
  });

  it('a handler that asks for nobody is not concerned', async () => {
    expect((await send('POST', { 'sec-fetch-site': 'cross-site' }, '/things/open')).ok).toBe(true);
  });
});
