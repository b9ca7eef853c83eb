import { Module, type INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { AuthentikModule } from 'nestjs-authentik';
import { actingAs, embeddedAuthentik, loginAs, withEmbeddedAuthentik } from 'nestjs-authentik-testing';
import type { Browser } from 'playwright-core';
import request from 'supertest';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { freePort } from '../harness/free-port.js';
import { startChromium } from '../harness/chromium.js';
import { PageController, secret } from '../session/app.js';

/** An app as it is in production: browsers sign in to it over https. */
@Module({
  imports: [
    AuthentikModule.forRoot({
      url: 'https://auth.example.com',
      applicationSlug: 'intranet',
      clientId: 'intranet',
      clientSecret: 'Kx82hRt0pQ6wZm3vB9nLs4yTfJ7cGd1e',
      publicUrl: 'https://intranet.example.com',
      session: { secrets: [secret] },
      features: ['bearer', 'session', 'wellKnown'],
    }),
  ],
  controllers: [PageController],
})
class AppModule {}

let app: INestApplication;
let publicUrl: string;
beforeAll(async () => {
  const port = await freePort();
  publicUrl = `http://localhost:${port}`;
  const builder = await withEmbeddedAuthentik(Test.createTestingModule({ imports: [AppModule] }), { publicUrl });
  app = (await builder.compile()).createNestApplication({ logger: false });
  await app.listen(port);
});
afterAll(async () => {
  await app.close();
  await (await embeddedAuthentik()).stop();
});

describe('loginAs through the sessions of nestjs-authentik', () => {
  it('signs an agent in and out again, and in as somebody else', async () => {
    const agent = request.agent(app.getHttpServer());
    await agent.get('/page/me').set('accept', 'application/json').expect(401);
    await loginAs(agent, 'alice');
    const me = await agent.get('/page/me').expect(200);
    expect(me.body).toMatchObject({ username: 'alice', credential: 'session' });
    await agent.get('/page/engineering').expect(200);

    const bob = request.agent(app.getHttpServer());
    await loginAs(bob, 'bob');
    await bob.get('/page/engineering').set('accept', 'application/json').expect(403);
  });

  it('is another way in than actingAs, which is for programs', async () => {
    const server = app.getHttpServer();
    const agent = request.agent(server);
    await loginAs(agent, 'alice');
    await agent.get('/page/browser').expect(200);
    await agent.get('/page/program').expect(401);
    const headers = await actingAs({ username: 'alice' });
    await request(server).get('/page/program').set(headers).expect(200);
    await request(server).get('/page/browser').set(headers).expect(401);
  });

  it('says that the callback failed where Authentik has no token for the app', async () => {
    const authentik = await embeddedAuthentik();
    await authentik.fault('error500', { endpoint: 'token', times: 1 });
    await expect(loginAs(request.agent(app.getHttpServer()), 'alice')).rejects.toThrow(
      /callback \/auth\/callback answered/,
    );
    // And the app is still there.
    await loginAs(request.agent(app.getHttpServer()), 'alice');
  });
});

describe('loginAs with a page, through the sessions of nestjs-authentik', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await startChromium();
  }, 60_000);
  afterAll(() => browser.close());

  it('leaves the page signed in', { timeout: 60_000 }, async () => {
    const context = await browser.newContext({ baseURL: publicUrl });
    const page = await context.newPage();
    await loginAs(page, 'alice');
    await page.goto('/page/me');
    expect(JSON.parse(await page.innerText('body'))).toMatchObject({ username: 'alice', credential: 'session' });
    await context.close();
  });
});
