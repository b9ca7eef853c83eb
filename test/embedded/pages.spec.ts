import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import { type EmbeddedAuthentik, startEmbeddedAuthentik } from 'nestjs-authentik-testing';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { startChromium } from '../harness/chromium.js';

let authentik: EmbeddedAuthentik;
let browser: Browser;
/** Stands for the application. */
let client: Server;
let callback: string;

beforeAll(async () => {
  client = createServer((_request, response) => response.end('back at the client'));
  await new Promise<void>((resolve) => client.listen(0, '127.0.0.1', resolve));
  callback = `http://127.0.0.1:${(client.address() as AddressInfo).port}/callback`;
  authentik = await startEmbeddedAuthentik({
    applications: [{ slug: 'reports', name: 'Reports of the team', consent: 'explicit', redirectUris: [callback] }],
  });
  browser = await startChromium();
}, 60_000);
afterAll(async () => {
  await browser?.close();
  client?.close();
  await authentik?.stop();
});

function authorizationUrl(clientId = 'reports'): string {
  const parameters = { client_id: clientId, response_type: 'code', redirect_uri: callback, state: 'st-1' };
  return `${authentik.url}/application/o/authorize/?${new URLSearchParams({ ...parameters, scope: 'openid profile' }).toString()}`;
}

async function withPage(
  options: Parameters<Browser['newContext']>[0],
  use: (page: Page) => Promise<void>,
): Promise<void> {
  const context = await browser.newContext(options);
  try {
    await use(await context.newPage());
  } finally {
    await context.close();
  }
}

/** Types as a person does who has no mouse: the focus is where the page puts it. */
async function typeAndSubmit(page: Page, ...words: string[]): Promise<void> {
  await page.locator('input:focus').waitFor();
  for (const [index, word] of words.entries()) {
    if (index > 0) await page.keyboard.press('Tab');
    await page.keyboard.type(word);
  }
  await Promise.all([page.waitForEvent('framenavigated'), page.keyboard.press('Enter')]);
  await page.waitForLoadState('domcontentloaded');
}

const focused = (page: Page) => page.locator(':focus');

describe('the pages of the embedded Authentik', () => {
  it('lead from sign-in to the client by keyboard alone and without JavaScript', { timeout: 60_000 }, async () => {
    await withPage({ javaScriptEnabled: false }, async (page) => {
      await page.goto(authorizationUrl());
      await typeAndSubmit(page, 'alice', 'wrong password');
      expect(await page.getByRole('alert').textContent()).toBe('Invalid password');
      expect(await page.getByLabel('Email or Username').inputValue()).toBe('alice');
      // The name is known; what is left to type is the password.
      await typeAndSubmit(page, authentik.password);
      expect(await page.getByRole('heading').textContent()).toBe('Redirecting to Reports of the team');
      await page.keyboard.press('Tab');
      expect(await focused(page).textContent()).toBe('Continue');
      await Promise.all([page.waitForURL(`${callback}*`), page.keyboard.press('Enter')]);
      expect(new URL(page.url()).searchParams.get('state')).toBe('st-1');
      expect(new URL(page.url()).searchParams.get('code')).toMatch(/^[0-9a-f]{32}$/u);
    });
  });

  it('name every field, have one heading and one language, and keep to the width of a phone', async () => {
    await withPage({ viewport: { width: 360, height: 640 } }, async (page) => {
      const seen: string[] = [];
      const look = async () => {
        seen.push((await page.getByRole('heading', { level: 1 }).textContent()) ?? '');
        expect(await page.locator('html').getAttribute('lang')).toBe('en');
        expect(await page.locator('link[rel=stylesheet]').count()).toBe(1);
        for (const input of await page.locator('input:not([type=hidden])').all()) {
          const id = await input.getAttribute('id');
          expect(await page.locator(`label[for="${id}"]`).count()).toBe(1);
        }
        const { scrollWidth, clientWidth } = (await page.evaluate(
          'new Object({ scrollWidth: document.documentElement.scrollWidth, clientWidth: document.documentElement.clientWidth })',
        )) as { scrollWidth: number; clientWidth: number };
        expect(scrollWidth).toBeLessThanOrEqual(clientWidth);
      };
      await page.goto(authorizationUrl('nobody'));
      await look();
      await page.goto(authorizationUrl());
      await look();
      await typeAndSubmit(page, 'bob', authentik.password);
      await look();
      await page.getByRole('button', { name: 'Cancel' }).click();
      await page.getByText('Request has been denied.').waitFor();
      await look();
      expect(seen).toEqual([
        'Client ID Error',
        'Welcome to authentik!',
        'Redirecting to Reports of the team',
        'Permission denied',
      ]);
    });
  });

  it('are dark where the system is, and light where it is not', async () => {
    const backgrounds = new Map<string, string>();
    for (const colorScheme of ['light', 'dark'] as const) {
      await withPage({ colorScheme }, async (page) => {
        await page.goto(authorizationUrl());
        const color = await page.evaluate('getComputedStyle(document.body).backgroundColor');
        backgrounds.set(colorScheme, String(color));
      });
    }
    expect(brightness(backgrounds.get('light'))).toBeGreaterThan(200);
    expect(brightness(backgrounds.get('dark'))).toBeLessThan(50);
  });
});

/** Of `rgb(r, g, b)`: the mean, from 0 to 255. */
function brightness(color = ''): number {
  const parts = (color.match(/\d+/gu) ?? []).map(Number);
  return parts.slice(0, 3).reduce((sum, part) => sum + part, 0) / 3;
}
