import { startEmbeddedAuthentik, type EmbeddedAuthentik } from 'nestjs-authentik-testing';
import * as client from 'openid-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { authorizeUrl, decode } from './client.js';
import { agree, deviceCodes, poll, signedIn } from './device.js';
import { execute, settle } from './executor.js';

let authentik: EmbeddedAuthentik;
beforeAll(async () => {
  authentik = await startEmbeddedAuthentik({
    applications: [
      { slug: 'mcp-server' },
      { slug: 'asking', consent: 'explicit' },
      { slug: 'bound', bindings: [{ group: 'engineering' }] },
    ],
  });
});
afterAll(() => authentik.stop());

const form = (body: Record<string, string>) => ({ method: 'POST', body: new URLSearchParams(body) });

describe('the device grant', () => {
  it('serves openid-client as it is, with the code typed on a page without scripts', { timeout: 30_000 }, async () => {
    const config = await client.discovery(new URL(authentik.issuer()), 'mcp-server', undefined, client.None(), {
      execute: [client.allowInsecureRequests],
    });
    const device = await client.initiateDeviceAuthorization(config, { scope: 'openid profile offline_access' });

    const browser = await signedIn(authentik);
    const entry = await browser.request(device.verification_uri);
    const page = new URL(entry.headers.get('location') ?? '', authentik.url);
    expect(await (await browser.request(page)).text()).toContain('<label for="code">Code</label>');
    const typed = await browser.request(page, form({ code: device.user_code }));
    const last = new URL(typed.headers.get('location') ?? '', authentik.url);
    expect(await (await browser.request(last)).text()).toContain('Continue');
    const done = await browser.request(last, form({ component: 'continue' }));
    expect(await done.text()).toContain('authenticated your device');

    const tokens = await client.pollDeviceAuthorizationGrant(config, device);
    expect(tokens.claims()).toMatchObject({ preferred_username: 'alice' });
    expect(tokens.refresh_token).toMatch(/^[A-Za-z0-9]{128}$/);
    expect(decode(tokens.access_token).claims).not.toHaveProperty('sid');
  });

  it('refuses a code that nobody has with a page, and takes the right one after it', async () => {
    const device = await deviceCodes(authentik, { client_id: 'mcp-server', scope: 'openid' });
    const wrong = await agree(authentik, { user_code: '000000000' });
    expect([wrong.status, await wrong.text()]).toEqual([200, expect.stringContaining('Permission denied')]);
    expect((await poll(authentik, { client_id: 'mcp-server', device_code: device.device_code })).status).toBe(400);
    await agree(authentik, device);
    expect((await poll(authentik, { client_id: 'mcp-server', device_code: device.device_code })).status).toBe(200);
  });

  it.each([
    ['bob', 400],
    ['alice', 200],
  ])('lets %s in only where the application does: %i', async (username, status) => {
    const device = await deviceCodes(authentik, { client_id: 'bound', scope: 'openid' });
    await agree(authentik, device, username);
    expect((await poll(authentik, { client_id: 'bound', device_code: device.device_code })).status).toBe(status);
  });
});

describe('the flow executor', () => {
  it('takes a consent with the latest token alone, and remembers it for the same scopes', async () => {
    const browser = await signedIn(authentik, 'bob');
    const ask = async (scope: string) => {
      const start = await browser.request(authorizeUrl(authentik, { client_id: 'asking', scope }));
      return start.headers.get('location') ?? '';
    };
    const page = await ask('openid profile');
    const { body: first } = await execute(authentik, browser, page);
    await execute(authentik, browser, page);
    const { body: refused } = await execute(authentik, browser, page, { token: first['token'] });
    expect(refused).toMatchObject({ component: 'ak-stage-consent', response_errors: { token: expect.any(Array) } });
    const { body: end } = await settle(authentik, browser, page, { token: refused['token'] });
    expect(end).toMatchObject({ component: 'xak-flow-redirect', to: expect.stringMatching(/\?code=[0-9a-f]{32}&/) });

    const again = await ask('openid profile');
    expect((await execute(authentik, browser, again)).status).toBe(302);
    expect((await execute(authentik, browser, again)).body['component']).toBe('xak-flow-redirect');
    const { body: more } = await execute(authentik, browser, await ask('openid profile email'));
    expect(more).toMatchObject({ additional_permissions: [{ name: 'Email address', id: 'email' }] });
  });
});
