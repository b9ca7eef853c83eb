import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import express from 'express';
import type { Browser } from 'playwright-core';
import { type EmbeddedAuthentik, loginAs, startEmbeddedAuthentik } from 'nestjs-authentik-testing';
import request from 'supertest';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { startChromium } from '../harness/chromium.js';
import { client, startPassportApp } from '../embedded/clients/passport-app.js';

let authentik: EmbeddedAuthentik;
let other: EmbeddedAuthentik;
let app: Awaited<ReturnType<typeof startPassportApp>>;
let asking: Awaited<ReturnType<typeof startPassportApp>>;
beforeAll(async () => {
  const users = [
    { username: 'alice', groups: ['staff'] },
    { username: 'bob', password: 'a password of his own' },
    { username: 'mallory' },
  ];
  const bindings = [{ group: 'staff' }, { username: 'bob' }];
  authentik = await startEmbeddedAuthentik({ users, applications: [{ ...client, bindings }] });
  other = await startEmbeddedAuthentik({ users, applications: [{ ...client, consent: 'explicit' }] });
  app = await startPassportApp(authentik);
  asking = await startPassportApp(other, { loginPath: '/auth/login' });
});
afterAll(() => Promise.all([authentik.stop(), other.stop(), app.stop(), asking.stop()]));

describe('loginAs with a supertest agent, through an app of passport-openidconnect', () => {
  it('signs in through the login of the app, and the agent stays signed in', async () => {
    const agent = request.agent(app.server);
    await agent.get('/me').expect(401);
    await loginAs(agent, 'alice', { path: '/login' });
    const me = await agent.get('/me').expect(200);
    expect(me.body).toMatchObject({ username: 'alice' });
    await request(app.server).get('/me').expect(401);
  });

  it('agrees where consent is asked for, and begins at /auth/login unless told otherwise', async () => {
    const agent = request.agent(asking.server);
    await loginAs(agent, 'mallory');
    await agent.get('/me').expect(200);
    expect(other.requests.filter(({ endpoint }) => endpoint === 'consent').length).toBeGreaterThan(0);
  });

  it('knows passwords of people who have their own', async () => {
    const agent = request.agent(app.server);
    await loginAs(agent, 'bob', { path: '/login' });
    expect((await agent.get('/me').expect(200)).body).toMatchObject({ username: 'bob' });
  });

  it('keeps the session at Authentik: a second login of the agent asks nothing', async () => {
    const agent = request.agent(app.server);
    await loginAs(agent, 'alice', { path: '/login' });
    const before = authentik.requests.length;
    await loginAs(agent, 'alice', { path: '/login' });
    expect(authentik.requests.slice(before).map(({ endpoint }) => endpoint)).toEqual(['authorize', 'token']);
  });

  it('signs somebody else in where another person was before', async () => {
    const agent = request.agent(app.server);
    await loginAs(agent, 'alice', { path: '/login' });
    await loginAs(agent, 'bob', { path: '/login' });
    expect((await agent.get('/me').expect(200)).body).toMatchObject({ username: 'bob' });
  });

  it.each([
    [
      'a wrong password',
      'alice',
      { path: '/login', password: 'wrong' },
      /did not let the sign-in through.*Invalid password/,
    ],
    ['a person without a right to the application', 'mallory', { path: '/login' }, /Permission denied/],
    ['a person whom nobody knows', 'zoe', { path: '/login' }, /no user 'zoe'/],
    ['a path that leads nowhere', 'alice', { path: '/me' }, /GET \/me answered 401 without a redirect/],
  ])('says why not: %s', async (_, username, options, message) => {
    const agent = request.agent(app.server);
    await expect(loginAs(agent, username, options)).rejects.toThrow(message);
    await agent.get('/me').expect(401);
  });

  it('says that the callback failed, when Authentik has let the person through', async () => {
    await authentik.fault('error500', { endpoint: 'token', times: 1 });
    await expect(loginAs(request.agent(app.server), 'alice', { path: '/login' })).rejects.toThrow(
      /callback \/oauth2\/redirect answered 500/,
    );
  });
});

/** An app that has its answer posted: all that it does is to keep who came, and what with. */
async function startPostedApp(to: EmbeddedAuthentik) {
  const posted: Record<string, unknown>[] = [];
  const posting = express();
  const server = await new Promise<Server>((resolve) => {
    const listening = posting.listen(0, '127.0.0.1', () => resolve(listening));
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  posting.get('/auth/login', (_request, response) => {
    const parameters = { client_id: client.clientId, response_type: 'code', response_mode: 'form_post', state: 'st' };
    const query = new URLSearchParams({ ...parameters, redirect_uri: `${url}/auth/callback`, scope: 'openid' });
    response.redirect(`${to.url}/application/o/authorize/?${query.toString()}`);
  });
  posting.post('/auth/callback', express.urlencoded({ extended: false }), ({ body }, response) => {
    posted.push(body as Record<string, unknown>);
    response.send('signed in');
  });
  const stop = () => new Promise((resolve) => server.close(resolve).closeAllConnections());
  return { server, url, posted, stop };
}

describe('loginAs where the answer is posted', () => {
  const answer = { code: expect.stringMatching(/^[\da-f]{32}$/) as unknown, state: 'st' };

  it('posts it to the callback, by agent and by page, over the consent page too', { timeout: 60_000 }, async () => {
    const browser = await startChromium();
    for (const to of [authentik, other]) {
      const posting = await startPostedApp(to);
      await loginAs(request.agent(posting.server), 'alice');
      const page = await browser.newPage({ baseURL: posting.url });
      await loginAs(page, 'alice');
      expect(posting.posted).toEqual([answer, answer]);
      await page.close();
      await posting.stop();
    }
    await browser.close();
  });
});

describe('loginAs with a page of a real browser', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await startChromium();
  }, 60_000);
  afterAll(() => browser.close());

  it.each([
    ['at once', () => ({ app, login: '/login' })],
    ['over the consent page', () => ({ app: asking, login: '/auth/login' })],
  ])('signs in %s, and the page stays signed in', async (_, chosen) => {
    const { app: there, login } = chosen();
    const context = await browser.newContext({ baseURL: there.url });
    const page = await context.newPage();
    await loginAs(page, 'alice', { path: login });
    await page.goto('/me');
    expect(JSON.parse(await page.innerText('body'))).toMatchObject({ username: 'alice' });
    await context.close();
  });

  it('signs somebody else in, and the same person again, where somebody was before', async () => {
    const context = await browser.newContext({ baseURL: app.url });
    const page = await context.newPage();
    for (const username of ['alice', 'bob', 'bob']) {
      await loginAs(page, username, { path: '/login' });
      await page.goto('/me');
      expect(JSON.parse(await page.innerText('body'))).toMatchObject({ username });
    }
    await context.close();
  });

  it('says why not when Authentik refuses the person', async () => {
    const context = await browser.newContext({ baseURL: app.url });
    const page = await context.newPage();
    await expect(loginAs(page, 'mallory', { path: '/login' })).rejects.toThrow(/stayed at/);
    await context.close();
  });
});
