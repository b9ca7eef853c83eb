import { Controller, Get, type INestApplication } from '@nestjs/common';
import { Authenticated, type AuthentikOptions } from 'nestjs-authentik';
import { type EmbeddedAuthentik, startEmbeddedAuthentik } from 'nestjs-authentik-testing';
import request from 'supertest';
import { afterEach, describe, expect, it } from 'vitest';

import { json, startBentProvider } from '../harness/bent-provider.js';
import { letPass } from '../harness/let-pass.js';
import { recordLog } from '../harness/log-lines.js';
import { startRestApp } from '../harness/rest-app.js';

@Controller('reports')
class ReportsController {
  @Get() @Authenticated() list() {
    return 'in';
  }
}

const stops: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

/** Asks twice with a token, and gives the answers' status and what the log says from the start on, besides the refusals. */
async function contact(url: string, options: Partial<AuthentikOptions>, token: string) {
  const { lines, logger } = recordLog('Authentik');
  const app = await startRestApp(url, { controllers: [ReportsController], options, logger });
  stops.push(() => app.close());
  const ask = async () => (await request(app.getHttpServer()).get('/reports').auth(token, { type: 'bearer' })).status;
  const statuses = [await ask(), await ask()];
  return { statuses, lines: lines.filter((line) => !/^(?:log|warn) refused /u.test(line)) };
}

async function authentikWith(application: object): Promise<EmbeddedAuthentik> {
  const authentik = await startEmbeddedAuthentik({
    applications: [{ slug: 'mcp-server', clientId: 'mcp-server', clientType: 'public', ...application }],
  });
  stops.push(() => authentik.stop());
  return authentik;
}

describe('what only Authentik can tell is said once, with the field to change', () => {
  it('nothing, when all is well', async () => {
    const authentik = await authentikWith({});
    const { statuses, lines } = await contact(authentik.url, {}, await authentik.mintAccessToken({ user: 'alice' }));
    expect(statuses).toEqual([200, 200]);
    expect(lines).toEqual([]);
  });

  it('no application under the slug', async () => {
    const authentik = await authentikWith({ slug: 'other' });
    // A token that says it is of the slug, for nothing else leads to Authentik.
    const token = await authentik.mintAccessToken({
      user: 'alice',
      claims: { iss: authentik.issuer('other').replace('other', 'mcp-server') },
    });
    const { statuses, lines } = await contact(authentik.url, {}, token);
    expect(statuses).toEqual([503, 503]);
    expect(lines).toEqual([
      expect.stringMatching(
        /^warn \S+\/application\/o\/mcp-server\/ cannot be used now: nothing is there \(404\)\. There is no application with the slug "mcp-server".*field "Slug".*compare "url" \(AUTHENTIK_URL\)/u,
      ),
    ]);
  });

  it('a provider without a signing key', async () => {
    const authentik = await authentikWith({ signing: 'HS256' });
    const { statuses, lines } = await contact(authentik.url, {}, await authentik.mintAccessToken({ user: 'alice' }));
    expect(statuses).toEqual([401, 401]);
    // HS256 tokens are refused before anything is asked, so only the start has found out.
    expect(lines).toEqual([expect.stringMatching(/^error .*field "Signing Key"/u)]);
    const other = await authentikWith({});
    const token = await other.mintAccessToken({ user: 'alice', claims: { iss: authentik.issuer('mcp-server') } });
    const again = await contact(authentik.url, {}, token);
    expect(again.statuses).toEqual([401, 401]);
    const named = again.lines.filter((line) => line.includes('field "Signing Key"'));
    expect(named).toHaveLength(1);
  });

  it('a scope that is not attached', async () => {
    const authentik = await authentikWith({ scopes: ['openid', 'profile'] });
    const { statuses, lines } = await contact(authentik.url, {}, await authentik.mintAccessToken({ user: 'alice' }));
    expect(statuses).toEqual([200, 200]);
    expect(lines).toEqual([
      expect.stringMatching(/^warn .*does not grant email offline_access for the provider of "mcp-server".*Selected/u),
    ]);
  });

  it('an issuer of another host', async () => {
    const provider = await startBentProvider({
      discovery: (to, { metadata }) => json(to, { ...metadata, issuer: 'http://internal/application/o/mcp-server/' }),
    });
    stops.push(() => provider.stop());
    const { statuses, lines } = await contact(provider.origin, {}, provider.token);
    expect(statuses).toEqual([503, 503]);
    expect(lines).toEqual([
      expect.stringContaining(
        `The issuer is "http://internal/application/o/mcp-server/", expected was "${provider.origin}/application/o/mcp-server/"`,
      ),
    ]);
    expect(lines[0]).toContain('"internalUrl"');
  });

  it('the other issuer mode', async () => {
    const authentik = await authentikWith({ issuerMode: 'global' });
    const token = await authentik.mintAccessToken({
      user: 'alice',
      claims: { iss: `${authentik.url}/application/o/mcp-server/` },
    });
    const { statuses, lines } = await contact(authentik.url, {}, token);
    expect(statuses).toEqual([503, 503]);
    expect(lines).toEqual([expect.stringContaining('Set issuerMode: \'global\', or change the field "Issuer mode"')]);
  });

  it.each([
    [-120, 'behind'],
    [120, 'ahead of'],
  ])('a clock that is off by %d seconds', async (seconds, word) => {
    const provider = await startBentProvider({
      discovery: (to, { metadata }) => {
        to.setHeader('date', new Date(Date.now() - seconds * 1000).toUTCString());
        json(to, metadata);
      },
    });
    stops.push(() => provider.stop());
    const { statuses, lines } = await contact(provider.origin, {}, provider.token);
    expect(statuses).toEqual([200, 200]);
    expect(lines).toEqual([
      expect.stringMatching(new RegExp(`^warn The clock .* 1(?:19|20|21) seconds ${word} `, 'u')),
    ]);
  });
});

describe('an outage', () => {
  it.each([
    [
      'from the start',
      /^warn \S+ cannot be used now: its metadata was answered with 500$/u,
      /^log \S+ can be used again\.$/u,
    ],
    [
      'after the start',
      /^warn The keys of \S+ cannot be read now: jwks_uri answered 500\.$/u,
      /^log The keys of \S+ can be read again\.$/u,
    ],
  ])('%s is said once, and its end too', async (when, beginning, end) => {
    const authentik = await authentikWith({});
    if (when === 'from the start') await authentik.fault('error500');
    const { lines, logger } = recordLog('Authentik');
    const ask = async (app: INestApplication) =>
      (
        await request(app.getHttpServer())
          .get('/reports')
          .set(await authentik.bearer('alice'))
      ).status;
    const options = { tokens: { staleKeysSeconds: 0 } };
    const app = await startRestApp(authentik.url, { controllers: [ReportsController], options, logger });
    stops.push(() => app.close());
    await authentik.fault('error500');
    // What the start has read of keys counts no more.
    letPass(6 * 60 * 1000, { clock: 'stands' });
    expect([await ask(app), await ask(app)]).toEqual([503, 503]);
    await expect.poll(() => ask(app), { interval: 600, timeout: 4_000 }).toBe(503);
    await authentik.clearFaults();
    await expect.poll(() => ask(app), { interval: 100, timeout: 8_000 }).toBe(200);
    expect(lines.filter((line) => !/^(?:log|warn) refused /u.test(line))).toEqual([
      expect.stringMatching(beginning),
      expect.stringMatching(end),
    ]);
  });
});

describe('internalUrl', () => {
  it('is where this process asks, with the host and scheme that browsers use', async () => {
    const authentik = await authentikWith({});
    const url = 'https://auth.example.com';
    const token = await authentik.mintAccessToken({
      user: 'alice',
      claims: { iss: `${url}/application/o/mcp-server/` },
    });
    const { statuses, lines } = await contact(url, { internalUrl: authentik.url }, token);
    expect(statuses).toEqual([200, 200]);
    expect(lines).toEqual([]);
    expect(authentik.requests.length).toBe(2);
  });

  it('is not where tokens come from', async () => {
    const authentik = await authentikWith({});
    const token = await authentik.mintAccessToken({ user: 'alice' });
    const { statuses } = await contact('https://auth.example.com', { internalUrl: authentik.url }, token);
    expect(statuses).toEqual([401, 401]);
  });

  it('that does not pass the host on is diagnosed', async () => {
    const provider = await startBentProvider({});
    stops.push(() => provider.stop());
    const authentik = await authentikWith({});
    const url = 'https://auth.example.com';
    const token = await authentik.mintAccessToken({
      user: 'alice',
      claims: { iss: `${url}/application/o/mcp-server/` },
    });
    const { statuses, lines } = await contact(url, { internalUrl: provider.origin }, token);
    expect(statuses).toEqual([503, 503]);
    expect(lines).toEqual([expect.stringContaining('What is at "internalUrl" has to pass on the Host header')]);
  });
});
