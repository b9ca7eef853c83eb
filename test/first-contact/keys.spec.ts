import { EventEmitter, once } from 'node:events';
import type { ServerResponse } from 'node:http';

import { Controller, Get, type INestApplication } from '@nestjs/common';
import { Authenticated, type AuthentikOptions, AuthentikStatus } from 'nestjs-authentik';
import { type EmbeddedAuthentik, startEmbeddedAuthentik } from 'nestjs-authentik-testing';
import request from 'supertest';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { startBentProvider } from '../harness/bent-provider.js';
import { firstContact } from '../harness/first-contact.js';
import { recordLog } from '../harness/log-lines.js';
import { createRestApp } from '../harness/rest-app.js';

@Controller('reports')
class ReportsController {
  @Get() @Authenticated() list() {
    return 'in';
  }
}

let authentik: EmbeddedAuthentik;
const stops: (() => unknown)[] = [];
beforeEach(async () => {
  authentik = await startEmbeddedAuthentik({
    applications: [{ slug: 'mcp-server', clientType: 'confidential' }, { slug: 'machines' }],
  });
  stops.push(() => authentik.stop());
});
afterEach(async () => {
  for (const stop of stops.splice(0).toReversed()) await stop();
});

const { lines, logger } = recordLog('Authentik');
async function start(options: Partial<AuthentikOptions> = {}, url = authentik.url): Promise<INestApplication> {
  lines.length = 0;
  const app = await createRestApp(url, { controllers: [ReportsController], options, logger });
  stops.push(() => app.close());
  return app;
}
const statusOf = async (app: INestApplication, token: string) =>
  (await request(app.getHttpServer()).get('/reports').auth(token, { type: 'bearer' })).status;
const mint = (application: string) => authentik.mintAccessToken({ user: 'alice', application });
const standing = (app: INestApplication) => app.get(AuthentikStatus).current.status;
const machines = { trustedApplications: [{ applicationSlug: 'machines', clientId: 'machines' }] };

describe('the keys, in the background of the start', () => {
  it('are read of every application that counts, so that none needs Authentik for its first token', async () => {
    const app = await start(machines);
    await firstContact(app);
    await authentik.fault('down');
    expect(await statusOf(app, await mint('mcp-server'))).toBe(200);
    expect(await statusOf(app, await mint('machines'))).toBe(200);
    expect(authentik.requests.map(({ path }) => path).toSorted()).toEqual(
      ['machines', 'mcp-server'].flatMap((slug) => [
        `/application/o/${slug}/.well-known/openid-configuration`,
        `/application/o/${slug}/jwks/`,
      ]),
    );
  });

  it('are read again until they are known, without a request of anybody, and that is said once', async () => {
    await authentik.fault('error500', { endpoint: 'jwks', times: 2 });
    const app = await start();
    await firstContact(app);
    expect(standing(app)).toBe('down');
    await vi.waitFor(() => expect(standing(app)).toBe('up'), { timeout: 10_000, interval: 20 });
    expect(authentik.requestsTo('jwks')).toHaveLength(3);
    await authentik.fault('down');
    expect(await statusOf(app, await mint('mcp-server'))).toBe(200);
    expect(lines.filter((line) => !line.includes('refused'))).toEqual([
      expect.stringMatching(/^warn The keys of \S+ cannot be read now: jwks_uri answered 500\.$/u),
      expect.stringMatching(/^log The keys of \S+ can be read again\.$/u),
    ]);
  });

  it('of one application cannot keep those of another from being read', async () => {
    const app = await start({ trustedApplications: [{ applicationSlug: 'nothing-here', clientId: 'nobody' }] });
    await firstContact(app);
    expect(standing(app)).toBe('degraded');
    await authentik.fault('down');
    expect(await statusOf(app, await mint('mcp-server'))).toBe(200);
    expect(lines).toEqual([expect.stringContaining('no application with the slug "nothing-here"')]);
  });

  it('are not read where nobody uses them', async () => {
    const clientSecret = authentik.applications[0]?.clientSecret ?? '';
    const app = await start({ clientSecret, tokens: { validation: 'introspect' } });
    await firstContact(app);
    expect(await statusOf(app, await mint('mcp-server'))).toBe(200);
    expect(authentik.requestsTo('jwks')).toEqual([]);
  });

  it('keep no app from starting or ending: a call that hangs is given up, without a word', async () => {
    const asked = new EventEmitter();
    const provider = await startBentProvider({ jwks: (response) => void asked.emit('jwks', response) });
    stops.push(() => provider.stop());
    const hanging = once(asked, 'jwks') as Promise<[ServerResponse]>;
    const app = await start({ timeoutMs: 60_000 }, provider.origin);
    const [response] = await hanging;
    const gone = once(response, 'close');
    await app.close();
    await gone;
    // Whoever would say that it failed has done so by then.
    await new Promise(setImmediate);
    expect(lines).toEqual([]);
  });
});
