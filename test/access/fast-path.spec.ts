import { once } from 'node:events';
import { createServer, type IncomingMessage, request as sendRequest, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';

import { Controller, Get, type INestApplication } from '@nestjs/common';
import { Authenticated, AuthentikTokenService } from 'nestjs-authentik';
import { type EmbeddedAuthentik, startEmbeddedAuthentik } from 'nestjs-authentik-testing';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';

import { startRestApp } from '../harness/rest-app.js';

@Controller('reports')
class ReportsController {
  @Get() @Authenticated() list() {
    return 'in';
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
}

async function answerTo({ path = '/reports', ...headers }: Sent) {
  const message = sendRequest({ port: (server.address() as AddressInfo).port, path, agent: false });
  for (const [name, value] of Object.entries(headers)) message.setHeader(name, value);
  message.end();
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
