import { Controller, Get } from '@nestjs/common';
import { type AuthentikOptions, ProhibitedGroups } from 'nestjs-authentik';
import { type EmbeddedAuthentik, startEmbeddedAuthentik } from 'nestjs-authentik-testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';

import { type SessionApp, startSessionApp } from './app.js';
import { type BentAuthentik, bendAuthentik } from './bent-authentik.js';
import { Person } from './tab.js';

@Controller()
class Reports {
  @Get('staff') @ProhibitedGroups('engineering') staff() {
    return { in: true };
  }
}

let authentik: EmbeddedAuthentik;
let bent: BentAuthentik;
let app: SessionApp;
beforeAll(async () => {
  authentik = await startEmbeddedAuthentik({ applications: [{ slug: 'mcp-server', clientType: 'public' }] });
  bent = await bendAuthentik(authentik);
});
afterAll(async () => {
  await bent.stop();
  await authentik.stop();
});
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] });
});
afterEach(async () => {
  vi.useRealTimers();
  bent.straighten();
  await app.stop();
});

const start = async (options: Partial<AuthentikOptions> = {}) => {
  app = await startSessionApp(authentik, { options: { internalUrl: bent.url, ...options }, controllers: [Reports] });
};
const signedIn = async (username: string) => {
  const person = new Person(authentik, username);
  await person.signIn(app.url);
  return person;
};
const statusOf = async (person: Person) => (await person.ask(`${app.url}/staff`)).status;
const answerTo = async (person: Person) => {
  const { status, headers } = await person.ask(`${app.url}/staff`);
  return { status, challenge: String(headers['www-authenticate']) };
};

describe('a session before what a group is kept out of', () => {
  it('is let in where the sign-in told that its person is in no such group', async () => {
    await start();
    expect(await statusOf(await signedIn('bob'))).toBe(200);
    expect(await statusOf(await signedIn('mallory'))).toBe(200);
    expect(await statusOf(await signedIn('alice'))).toBe(403);
  });

  it('is refused where the sign-in did not ask for the groups, with the scope to ask for', async () => {
    await start({ scopes: ['openid', 'email'] });
    for (const username of ['alice', 'bob', 'mallory']) {
      const { status, challenge } = await answerTo(await signedIn(username));
      expect(status).toBe(403);
      expect(challenge).toMatch(/^Bearer error="insufficient_scope", scope="(?:openid email|email openid) profile"/u);
    }
  });

  it('is refused once the groups are too old and newer ones are not told', async () => {
    await start({ session: { membershipMaxAgeSeconds: 60 } });
    const bob = await signedIn('bob');
    expect(await statusOf(bob)).toBe(200);
    bent.bendUserInfo(({ groups: _groups, ...answer }) => answer);
    vi.setSystemTime(Date.now() + 61_000);
    const { status, challenge } = await answerTo(bob);
    expect(status).toBe(403);
    // The scope was granted, so asking again would tell no more.
    expect(challenge).not.toContain('insufficient_scope');
    bent.straighten();
    vi.setSystemTime(Date.now() + 61_000);
    expect(await statusOf(bob)).toBe(200);
  });
});
