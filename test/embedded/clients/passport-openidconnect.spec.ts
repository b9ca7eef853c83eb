import { type EmbeddedAuthentik, loginAs, startEmbeddedAuthentik } from 'nestjs-authentik-testing';
import request from 'supertest';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { Browser } from '../browser.js';
import { client, startPassportApp } from './passport-app.js';
import { VERSIONS } from './versions.js';

describe.each(VERSIONS)('passport-openidconnect before Authentik %s', (version) => {
  let authentik: EmbeddedAuthentik;
  let app: Awaited<ReturnType<typeof startPassportApp>>;
  beforeAll(async () => {
    authentik = await startEmbeddedAuthentik({ version, applications: [client] });
    app = await startPassportApp(authentik);
  });
  afterAll(() => Promise.all([authentik.stop(), app.stop()]));

  const idOf = async (username: string) => {
    const agent = request.agent(app.server);
    await loginAs(agent, username, { path: '/login' });
    return ((await agent.get('/me')).body as { id: string }).id;
  };

  it('signs a person in and knows them by the claims of the ID token', async () => {
    const agent = request.agent(app.server);
    await loginAs(agent, 'alice', { path: '/login' });
    const { body } = await agent.get('/me').expect(200);
    expect(body).toEqual({ id: expect.stringMatching(/^[0-9a-f]{64}$/) as unknown, username: 'alice' });
  });

  it('knows the same person again in another browser, and tells others apart', async () => {
    const alice = await idOf('alice');
    expect(await idOf('alice')).toBe(alice);
    expect(await idOf('bob')).not.toBe(alice);
  });

  it.each([
    ['its own', 'own', '/me'],
    ['that of another browser', 'foreign', '/failed'],
  ])('goes by the state that comes back: %s', async (_, whose, destination) => {
    const [victim, attacker] = [request.agent(app.server), request.agent(app.server)];
    await attacker.get('/login');
    const { headers } = await victim.get('/login').redirects(0);
    const back = await new Browser().authorize(String(headers['location']), authentik.credentials('alice'));
    const agent = whose === 'own' ? victim : attacker;
    const answer = await agent.get(`${back.pathname}${back.search}`).redirects(0);
    expect(answer.headers['location']).toBe(destination);
  });

  it('fails where Authentik refuses the code, which it has taken already', async () => {
    const agent = request.agent(app.server);
    const { headers } = await agent.get('/login').redirects(0);
    const back = await new Browser().authorize(String(headers['location']), authentik.credentials('alice'));
    authentik.clock.advanceSeconds(61);
    const answer = await agent.get(`${back.pathname}${back.search}`).redirects(0);
    authentik.clock.reset();
    expect(answer.status).toBe(500);
    await agent.get('/me').expect(401);
  });
});
