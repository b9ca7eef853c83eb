import { Controller, Delete, Get, HttpCode, type INestApplication, Post, UseGuards } from '@nestjs/common';
import * as fc from 'fast-check';
import { CsrfGuard } from 'nestjs-authentik';
import { type EmbeddedAuthentik, startEmbeddedAuthentik } from 'nestjs-authentik-testing';
import request from 'supertest';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { crossSiteProblem } from '../../libs/authentik/src/protocol/same-origin.js';
import { recordLog } from '../harness/log-lines.js';
import { startRestApp } from '../harness/rest-app.js';

const publicUrl = 'https://reports.example.com';
let served = 0;

@Controller('form')
@UseGuards(CsrfGuard)
class Forms {
  @Get() show() {
    served += 1;
    return {};
  }
  @Post() @HttpCode(200) submit() {
    served += 1;
    return {};
  }
  @Delete() remove() {
    served += 1;
    return {};
  }
}

let authentik: EmbeddedAuthentik;
let app: INestApplication;
const { lines, logger } = recordLog();

beforeAll(async () => {
  authentik = await startEmbeddedAuthentik();
  app = await startRestApp(authentik.url, { controllers: [Forms], options: { publicUrl }, logger });
});
afterAll(async () => {
  await app.close();
  await authentik.stop();
});
beforeEach(() => {
  served = 0;
  lines.length = 0;
});

const send = (method: 'get' | 'head' | 'post' | 'delete', headers: Record<string, string>) =>
  request(app.getHttpServer())[method]('/form').set(headers);

describe('CsrfGuard', () => {
  it.each([
    ['the browser says that the page is of the same origin', { 'sec-fetch-site': 'same-origin' }],
    [
      'the page has Referrer-Policy: no-referrer, so that Chromium posts Origin: null',
      { 'sec-fetch-site': 'same-origin', origin: 'null' },
    ],
    ['an older browser names our origin', { origin: publicUrl }],
  ])('lets a POST through when %s', async (_case, headers) => {
    await send('post', headers).expect(200);
    expect(served).toBe(1);
  });

  it.each([
    ['the browser says cross-site', { 'sec-fetch-site': 'cross-site' }],
    ['the browser says cross-site, whatever Origin claims', { 'sec-fetch-site': 'cross-site', origin: publicUrl }],
    ['it comes from a sister host', { 'sec-fetch-site': 'same-site' }],
    ['no page sent it', { 'sec-fetch-site': 'none' }],
    ['Sec-Fetch-Site was sent twice', { 'sec-fetch-site': 'same-origin, cross-site' }],
    ['it names another origin', { origin: 'https://evil.example' }],
    ['it names our host under http', { origin: 'http://reports.example.com' }],
    ['it names our host with another port', { origin: `${publicUrl}:8443` }],
    ['it names a host that begins like ours', { origin: `${publicUrl}.evil.example` }],
    ['it names a host that ends like ours', { origin: 'https://evil-reports.example.com' }],
    ['it names ours with a slash', { origin: `${publicUrl}/` }],
    ['its origin is opaque', { origin: 'null' }],
    ['it names nothing', {}],
    ['it carries Basic credentials, which a browser repeats by itself', { authorization: 'Basic YTpi' }],
  ])('refuses a POST when %s', async (_case, headers: Record<string, string>) => {
    const response = await send('post', headers).expect(403);
    expect(response.body).toMatchObject({ error: 'forbidden' });
    expect(response.headers['cache-control']).toBe('no-store');
    expect(response.headers['www-authenticate']).toBeUndefined();
    expect(served).toBe(0);
    expect(lines.filter((line) => line.includes('cross_site'))).toHaveLength(1);
  });

  it('refuses DELETE alike', async () => {
    await send('delete', { origin: 'https://evil.example' }).expect(403);
    await send('delete', { origin: publicUrl }).expect(200);
    expect(served).toBe(1);
  });

  it.each(['get', 'head'] as const)('asks nothing of %s, which changes nothing', async (method) => {
    await send(method, { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }).expect(200);
    expect(served).toBe(1);
  });

  it('asks nothing of a request with an access token, which no other site can send', async () => {
    await send('post', { ...(await authentik.bearer('alice')), origin: 'https://evil.example' }).expect(200);
    expect(served).toBe(1);
  });
});

describe('the decision', () => {
  const header = fc.option(
    fc.oneof(fc.string(), fc.constantFrom(publicUrl, 'null', 'none', 'same-site'), fc.webUrl()),
    { nil: undefined },
  );

  it('lets a change through in two cases only, whatever the headers hold', () => {
    fc.assert(
      fc.property(
        header,
        header,
        fc.constantFrom('POST', 'PUT', 'PATCH', 'DELETE', 'post'),
        (fetchSite, origin, method) => {
          const isOurs = fetchSite === 'same-origin' || (fetchSite === undefined && origin === publicUrl);
          expect(crossSiteProblem({ method, fetchSite, origin }, publicUrl) === undefined).toBe(isOurs);
        },
      ),
    );
  });
});
