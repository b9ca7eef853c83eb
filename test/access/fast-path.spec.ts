import { once } from 'node:events';
import { createServer, type IncomingMessage, request as sendRequest, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';

import { Controller, Get, HttpCode, type INestApplication, Post } from '@nestjs/common';
import { Authenticated, AuthentikTokenService, type AuthentikUser, CurrentUser } from 'nestjs-authentik';
import { type EmbeddedAuthentik, startEmbeddedAuthentik } from 'nestjs-authentik-testing';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';

import { startRestApp } from '../harness/rest-app.js';
import { type SessionApp, startSessionApp } from '../session/app.js';
import { Person } from '../session/tab.js';

@Controller('reports')
class ReportsController {
  @Get() @Authenticated() list() {
    return 'in';
  }
  @Post() @HttpCode(200) @Authenticated() add() {
    return 'in';
  }
  @Get('who') @Authenticated() who(@CurrentUser() { username, credential }: AuthentikUser) {
    return { username, credential };
  }
}

let authentik: EmbeddedAuthentik;
let app: INestApplication;
const server = createServer({ maxHeaderSize: 64 * 1024 }, (...exchange) =>
  (app.getHttpAdapter().getInstance() as RequestListener)(...exchange),
);
beforeAll(async () => {
  authentik = await startEmbeddedAuthentik();
  app = await startRestApp(authentik.url, { controllers: [ReportsController] });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterAll(async () => {
  server.close();
  await app.close();
  await authentik.stop();
});
afterEach(() => vi.useRealTimers());

interface Sent {
  readonly authorization?: string | string[];
  readonly path?: string;
  readonly cookie?: string;
  /** Posts a form, or JSON. */
  readonly body?: URLSearchParams | object;
}

async function answerTo({ path = '/reports', body, ...headers }: Sent) {
  const method = body === undefined ? 'GET' : 'POST';
  const message = sendRequest({ port: (server.address() as AddressInfo).port, path, method, agent: false });
  for (const [name, value] of Object.entries(headers)) message.setHeader(name, value);
  if (body instanceof URLSearchParams) {
    message.setHeader('content-type', 'application/x-www-form-urlencoded').end(body.toString());
  } else if (body !== undefined) {
    message.setHeader('content-type', 'application/json').end(JSON.stringify(body));
  } else message.end();
  const [response] = (await once(message, 'response')) as [IncomingMessage];
  response.resume();
  await once(response, 'end');
  return { status: response.statusCode, challenge: response.headers['www-authenticate'] };
}

interface Row {
  readonly send: (token: string) => Sent;
  readonly status: number;
  /** What happens between the token's first use, where it has one, and this one. */
  readonly meanwhile?: (token: string) => unknown;
}

const table: Record<string, Row> = {
  'a sound token': { send: (token) => ({ authorization: `Bearer ${token}` }), status: 200 },
  'the scheme in small letters': { send: (token) => ({ authorization: `bearer ${token}` }), status: 200 },
  'a space at the end, which is none of the header': {
    send: (token) => ({ authorization: `Bearer ${token} ` }),
    status: 200,
  },
  'two spaces': { send: (token) => ({ authorization: `Bearer  ${token}` }), status: 400 },
  'two headers': { send: (token) => ({ authorization: [`Bearer ${token}`, `Bearer ${token}`] }), status: 400 },
  'more than 16 KiB': {
    send: (token) => ({ authorization: `Bearer ${token}${'x'.repeat(16 * 1024)}` }),
    status: 400,
  },
  'a token in the query': { send: (token) => ({ path: `/reports?access_token=${token}` }), status: 401 },
  'a token in a form': { send: (token) => ({ body: new URLSearchParams({ access_token: token }) }), status: 401 },
  'a token in a JSON body': { send: (token) => ({ body: { access_token: token } }), status: 401 },
  'a token in the header of a request with a body': {
    send: (token) => ({ authorization: `Bearer ${token}`, body: new URLSearchParams({ access_token: 'another' }) }),
    status: 200,
  },
  'the scheme Basic': { send: (token) => ({ authorization: `Basic ${token}` }), status: 401 },
  'an empty header, which is no credential': { send: () => ({ authorization: '' }), status: 401 },
  'the scheme alone': { send: () => ({ authorization: 'Bearer' }), status: 400 },
  'a session cookie beside it': {
    send: (token) => ({ authorization: `Bearer ${token}`, cookie: '__Host-session=anything' }),
    status: 200,
  },
  'a token that expired meanwhile': {
    send: (token) => ({ authorization: `Bearer ${token}` }),
    status: 401,
    meanwhile: () => {
      vi.useFakeTimers({ toFake: ['Date'] });
      vi.setSystemTime(Date.now() + 2 * 3600 * 1000);
    },
  },
  'a token that was revoked meanwhile': {
    send: (token) => ({ authorization: `Bearer ${token}` }),
    status: 401,
    meanwhile: (token) => app.get(AuthentikTokenService).revokeToken(token, 'access_token'),
  },
};

describe('a token that is remembered is answered as one that never was', () => {
  it.each(Object.entries(table))('%s', async (_what, { send, status, meanwhile }) => {
    const [cold, remembered] = [
      await authentik.mintAccessToken({ user: 'alice', expiresInSeconds: 3600 }),
      await authentik.mintAccessToken({ user: 'alice', expiresInSeconds: 3600 }),
    ];
    expect((await answerTo({ authorization: `Bearer ${remembered}` })).status).toBe(200);
    await meanwhile?.(cold);
    await meanwhile?.(remembered);
    const answers = [await answerTo(send(cold)), await answerTo(send(remembered))];
    expect(answers[0]?.status).toBe(status);
    expect(answers[1]).toEqual(answers[0]);
  });
});

describe('beside the cookie of a real session', () => {
  let sessions: SessionApp;
  let bob: Person;
  beforeAll(async () => {
    sessions = await startSessionApp(authentik, { controllers: [ReportsController] });
    bob = new Person(authentik, 'bob');
    await bob.signIn(sessions.url);
  });
  afterAll(() => sessions.stop());

  const viaSession = { status: 200, user: { username: 'bob', credential: 'session' } };
  const viaToken = { status: 200, user: { username: 'alice', credential: 'bearer' } };
  const refused = { status: 401, user: undefined };

  it.each<[string, (token: string) => { path?: string; headers?: Record<string, string> }, object]>([
    ['no token leaves it to the session', () => ({}), viaSession],
    ['a token decides alone', (token) => ({ headers: { authorization: `Bearer ${token}` } }), viaToken],
    [
      'a token with a bad signature is refused',
      (token) => ({ headers: { authorization: `Bearer ${token}AA` } }),
      refused,
    ],
    ['another scheme is refused', (token) => ({ headers: { authorization: `Basic ${token}` } }), refused],
    ['a token in the query is not read', (token) => ({ path: `?access_token=${token}` }), viaSession],
  ])('%s, whether it is remembered or not', async (_what, send, expected) => {
    const [cold, remembered] = [
      await authentik.mintAccessToken({ user: 'alice' }),
      await authentik.mintAccessToken({ user: 'alice' }),
    ];
    const url = `${sessions.url}/reports/who`;
    const asStranger = await fetch(url, { headers: { authorization: `Bearer ${remembered}` } });
    expect(await asStranger.json()).toEqual(viaToken.user);
    for (const token of [cold, remembered]) {
      const { path = '', headers = {} } = send(token);
      const { status, text } = await bob.ask(url + path, { headers });
      expect({ status, user: status === 200 ? (JSON.parse(text) as unknown) : undefined }).toEqual(expected);
    }
  });

  it('a token in a form is not read: who posts it without the cookie is nobody', async () => {
    const body = new URLSearchParams({ access_token: await authentik.mintAccessToken({ user: 'alice' }) });
    expect((await fetch(`${sessions.url}/reports`, { method: 'POST', body })).status).toBe(401);
  });
});
