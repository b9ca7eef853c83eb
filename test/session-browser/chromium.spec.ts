import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { type EmbeddedAuthentik, startEmbeddedAuthentik } from 'nestjs-authentik-testing';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { startChromium } from '../harness/chromium.js';
import { freePort } from '../harness/free-port.js';
import { SampleProcess } from '../sample/sample-process.js';

const artefacts = fileURLToPath(new URL('../../test-artefacts/', import.meta.url));

let chromium: Browser;
let authentik: EmbeddedAuthentik;
let sample: SampleProcess;
let origin: string;
let context: BrowserContext;
let page: Page;

beforeAll(async () => {
  mkdirSync(artefacts, { recursive: true });
  const port = await freePort();
  origin = `http://localhost:${port}`;
  authentik = await startEmbeddedAuthentik({
    applications: [
      {
        slug: 'mcp-server',
        name: 'Sample',
        clientType: 'public',
        invalidationFlow: 'default-invalidation-flow',
        logoutUri: `${origin}/auth/backchannel-logout`,
        redirectUris: [
          `${origin}/auth/callback`,
          { matchingMode: 'strict', url: `${origin}/auth/signed-out`, redirectUriType: 'logout' },
        ],
      },
    ],
  });
  sample = SampleProcess.spawn({
    PORT: String(port),
    AUTHENTIK_URL: authentik.url,
    AUTHENTIK_APPLICATION_SLUG: 'mcp-server',
    AUTHENTIK_CLIENT_ID: 'mcp-server',
  });
  [chromium] = await Promise.all([startChromium(), sample.untilReady()]);
});
afterAll(async () => {
  await chromium.close();
  await sample.stop();
  await authentik.stop();
});
beforeEach(async () => {
  context = await chromium.newContext();
  page = await context.newPage();
});
afterEach(() => context.close());

async function signIn(username: string): Promise<void> {
  await page.goto(origin);
  await page.getByRole('banner').getByRole('link', { name: 'Sign in' }).click();
  await fillIn(page, username);
  await page.waitForURL(`${origin}/account`);
}

async function fillIn(at: Page, username: string): Promise<void> {
  await at.locator('input[name=uid_field]').fill(username);
  await at.locator('input[name=password]').fill(authentik.password);
  await at.locator('button[type=submit], form button').first().click();
}

const text = (at: Page = page) => at.locator('main').innerText();

describe('alice in Chromium', () => {
  it('signs in, works in two tabs, is refused what is not hers, and is out everywhere', async () => {
    await signIn('alice');
    expect(await text()).toContain('Alice Archer');
    expect(await text()).toContain('You are in engineering.');
    expect(await text()).toContain('You are not in authentik Admins.');

    const second = await context.newPage();
    await second.goto(`${origin}/account`);
    expect(await text(second)).toContain('Alice Archer');

    const refused = await page.goto(`${origin}/admin`);
    expect(refused?.status()).toBe(403);
    expect(await text()).toContain('members of authentik Admins');
    expect(await text()).toContain('mcp-users');

    await page.goto(`${origin}/account`);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.waitForURL(`${origin}/auth/signed-out`);
    expect(await text()).toContain('You are signed out');

    // The other tab, too.
    await second.reload();
    expect(second.url().startsWith(authentik.url)).toBe(true);
    expect(await second.locator('input[name=uid_field]').count()).toBe(1);
    expect(await text(second)).not.toContain('Alice');
  });

  it('leaves nothing for the back button', async () => {
    await signIn('alice');
    await page.goto(`${origin}/admin`);
    await page.goto(`${origin}/account`);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.waitForURL(`${origin}/auth/signed-out`);
    for (let step = 0; step < 5; step += 1) {
      await page.goBack({ waitUntil: 'load' }).catch(() => null);
      expect(await page.content()).not.toContain('Alice');
      expect(await page.content()).not.toContain('mcp-users');
    }
  });

  it('opens two sign-ins at once, and both come through', async () => {
    const second = await context.newPage();
    await page.goto(`${origin}/auth/login?returnTo=/account`);
    await second.goto(`${origin}/auth/login?returnTo=/`);
    await fillIn(page, 'alice');
    await page.waitForURL(`${origin}/account`);
    // Authentik has it wait for the other tab, and lets it go on by itself.
    await second.waitForURL(`${origin}/`);
    expect(await text(second)).toContain('signed in as Alice Archer');
  });

  it('is sent to sign in by a page that needs it, and comes back to that page', async () => {
    await page.goto(`${origin}/account`);
    expect(page.url().startsWith(authentik.url)).toBe(true);
    await fillIn(page, 'alice');
    await page.waitForURL(`${origin}/account`);
  });

  it('is not signed out by a form of another site', async () => {
    await signIn('alice');
    const evil = await context.newPage();
    await evil.goto('about:blank');
    await evil.setContent(`<form method="post" action="${origin}/auth/logout"><button>Win</button></form>`);
    await evil.getByRole('button').click();
    await evil.waitForURL(`${origin}/auth/logout`);
    expect(await text(evil)).toContain('You are not signed out');
    await page.reload();
    expect(await text()).toContain('Alice Archer');
  });

  it('is out within a moment of being signed out at Authentik', async () => {
    await signIn('alice');
    authentik.endSessions({ user: 'alice' });
    await authentik.logoutsSettled();
    await page.goto(`${origin}/account`);
    expect(page.url().startsWith(authentik.url)).toBe(true);
  });
});

describe('root in Chromium', () => {
  it('opens the admin page', async () => {
    await signIn('root');
    await page.goto(`${origin}/admin`);
    expect(await text()).toContain('There are 3 records');
  });
});

describe.each(['light', 'dark'] as const)('every page in %s', (colorScheme) => {
  it.each([390, 1280])('fits %i pixels', async (width) => {
    await context.close();
    context = await chromium.newContext({ colorScheme, viewport: { width, height: 844 } });
    page = await context.newPage();
    const mistakes: string[] = [];
    page.on('console', (message) => void (message.type() === 'error' && mistakes.push(message.text())));
    const shoot = async (name: string) => {
      await page.screenshot({ path: `${artefacts}${name}-${colorScheme}-${width}.png`, fullPage: true });
      const overflows = await page.evaluate<boolean>('document.documentElement.scrollWidth > window.innerWidth');
      expect([name, overflows]).toEqual([name, false]);
    };
    await page.goto(origin);
    await shoot('start');
    await signIn('alice');
    await shoot('account');
    await page.goto(`${origin}/auth/logout`);
    await shoot('sign-out');
    await page.goto(`${origin}/auth/error?error=login_expired`);
    await shoot('error');
    await page.goto(`${origin}/admin`);
    await shoot('refused');
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.waitForURL(/signed-out\?continue=/u);
    await shoot('signing-out');
    await page.waitForURL(`${origin}/auth/signed-out`);
    await shoot('signed-out');
    await signIn('root');
    await page.goto(`${origin}/admin`);
    await shoot('admin');
    // A status of 4xx is an error to Chromium's console; a refused style or script would be another.
    expect(mistakes.filter((line) => !line.includes('status of 4'))).toEqual([]);
  });
});
