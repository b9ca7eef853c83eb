import type { INestApplication } from '@nestjs/common';
import { type EmbeddedAuthentik, startEmbeddedAuthentik } from 'nestjs-authentik-testing';
import { afterEach, describe, expect, it } from 'vitest';

import { FormBrowser } from '../harness/form-browser.js';
import { freePort } from '../harness/free-port.js';
import { startBrowserApp } from './app.js';

let authentik: EmbeddedAuthentik;
let app: INestApplication;
let origin: string;

afterEach(async () => {
  await app.close();
  await authentik.stop();
});

async function signedIn(version: string, flow: 'default-invalidation-flow' | undefined): Promise<FormBrowser> {
  origin = `http://localhost:${await freePort()}`;
  authentik = await startEmbeddedAuthentik({
    version,
    applications: [
      {
        slug: 'mcp-server',
        clientType: 'public',
        ...(flow && { invalidationFlow: flow }),
        logoutUri: `${origin}/auth/backchannel-logout`,
        redirectUris: [
          `${origin}/auth/callback`,
          { matchingMode: 'strict', url: `${origin}/auth/signed-out`, redirectUriType: 'logout' },
        ],
      },
    ],
  });
  app = await startBrowserApp(authentik.url, { publicUrl: origin });
  await app.listen(Number(new URL(origin).port));
  const browser = new FormBrowser();
  const shown = await browser.signIn(origin, { username: 'alice', password: authentik.password });
  expect(shown.html).toContain('alice');
  return browser;
}

const statusOf = async (browser: FormBrowser) =>
  (await browser.exchange(`${origin}/me`, { headers: { accept: 'application/json' } })).status;

describe.each(['2024.8', '2025.2', '2025.10', '2026.5.0-rc1', '2026.5', '2026.8'])(
  'signing out with Authentik %s',
  (version) => {
    it.each([undefined, 'default-invalidation-flow'] as const)(
      'is done here first, and leads on (%s)',
      async (flow) => {
        const browser = await signedIn(version, flow);
        const page = await browser.open(`${origin}/auth/logout`, { method: 'POST' });
        expect(page.html).toContain('You are signed out');
        expect(await statusOf(browser)).toBe(401);
        const next = await browser.open(FormBrowser.refreshOf(page) ?? '');
        expect(next.status).toBe(200);
        expect(next.url.origin === authentik.url || next.url.href === `${origin}/auth/signed-out`).toBe(true);
      },
    );

    it('has something to come back to from an empty page', async () => {
      const browser = await signedIn(version, undefined);
      // A flow that was begun and not finished.
      await browser.open(`${authentik.issuer()}end-session/`);
      const page = await browser.open(`${origin}/auth/logout`, { method: 'POST' });
      await browser.open(FormBrowser.refreshOf(page) ?? '');
      // Back.
      const back = await browser.open(page.url);
      expect(back.html).toContain('You are signed out');
      expect(FormBrowser.refreshOf(back)).toBeUndefined();
    });
  },
);

describe.each(['2025.10', '2026.5.0-rc1', '2026.8'])('the back channel of Authentik %s', (version) => {
  it('ends the session', async () => {
    const browser = await signedIn(version, undefined);
    authentik.endSessions({ user: 'alice' });
    await authentik.logoutsSettled();
    expect(authentik.logoutDeliveries).toEqual([expect.objectContaining({ state: 'delivered' })]);
    expect(await statusOf(browser)).toBe(401);
  });
});
