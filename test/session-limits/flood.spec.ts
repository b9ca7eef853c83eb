import type { IncomingMessage, ServerResponse } from 'node:http';

import { type EmbeddedAuthentik, startEmbeddedAuthentik } from 'nestjs-authentik-testing';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';

import { AddressLimits } from '../../libs/authentik/src/session/limits/address-limits.js';
import { startSessionApp } from '../session/app.js';
import { Person } from '../session/tab.js';

let authentik: EmbeddedAuthentik;
beforeAll(async () => {
  authentik = await startEmbeddedAuthentik();
});
afterAll(() => authentik.stop());

it('more addresses than the memory holds values end no session, and pass over no logout token that was used', async () => {
  const app = await startSessionApp(authentik);
  onTestFinished(() => app.stop());
  const alice = new Person(authentik);
  await alice.signIn(app.url);
  const gone = ['azp', 'uid', 'nonce', 'scope'].map((name) => [name, undefined]);
  const claims = {
    ...Object.fromEntries(gone),
    jti: 'once',
    events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
  };
  const body = new URLSearchParams({ logout_token: await authentik.mintAccessToken({ user: 'bob', claims }) });
  const send = async () => (await fetch(`${app.url}/auth/backchannel-logout`, { method: 'POST', body })).status;
  expect(await send()).toBe(200);
  // Past HTTP, which would take a minute for so many.
  const limits = app.app.get(AddressLimits, { strict: false });
  for (let address = 0; address < 100_001; address += 1) {
    const ip = [10, address >> 16, (address >> 8) & 255, address & 255].join('.');
    const request = { headers: {}, ip } as unknown as IncomingMessage;
    await limits.check('logins', request, {} as ServerResponse);
  }
  expect((await alice.ask(`${app.url}/page/me`)).status).toBe(200);
  expect(await send()).toBe(400);
}, 60_000);
