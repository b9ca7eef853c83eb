import type { EmbeddedAuthentik } from 'nestjs-authentik-testing';
import { expect } from 'vitest';
import type { Habit } from '../../../libs/authentik-testing/src/embedded/versions.js';
import { post } from '../client.js';
import { agree, askForDevice, deviceCodes, poll, signedIn } from '../device.js';
import { execute } from '../executor.js';
import type { Lines } from './line.js';
import { WEB } from './world.js';

const client = { client_id: 'mcp-server' };

/** A code that has expired, but was not cleaned up. */
async function expiredCodes(authentik: EmbeddedAuthentik) {
  const codes = await deviceCodes(authentik, { ...client, scope: 'openid' });
  authentik.clock.advanceSeconds(61);
  return codes;
}

const pollFor = (authentik: EmbeddedAuthentik, { device_code }: { device_code: string }, more = {}) =>
  poll(authentik, { ...client, device_code, ...more });

/** What an expired code is answered, with the time put back. */
async function errorOfExpired(authentik: EmbeddedAuthentik) {
  try {
    return (await pollFor(authentik, await expiredCodes(authentik))).body['error'];
  } finally {
    authentik.clock.reset();
  }
}

export const deviceLines: Lines = {
  30: [
    {
      what: 'a device gets a code of 128 characters, one of nine digits, 60 seconds, and an interval of 5',
      evidence: 'recorded',
      holds: async (authentik) => {
        const codes = await deviceCodes(authentik, { ...client, scope: 'openid' });
        expect(codes).toEqual({
          device_code: expect.stringMatching(/^[\x21-\x7e]{128}$/),
          user_code: expect.stringMatching(/^\d{9}$/),
          verification_uri: `${authentik.url}/device`,
          verification_uri_complete: `${authentik.url}/device?code=${codes.user_code}`,
          expires_in: 60,
          interval: 5,
        });
      },
    },
    {
      what: 'its polls are 400 `authorization_pending`, however fast; once somebody agreed they are tokens, once',
      evidence: 'recorded',
      holds: async (authentik) => {
        const codes = await deviceCodes(authentik, { ...client, scope: 'openid' });
        for (let asked = 0; asked < 3; asked += 1) {
          expect(await pollFor(authentik, codes)).toMatchObject({
            status: 400,
            body: { error: 'authorization_pending' },
          });
        }
        await agree(authentik, codes);
        expect((await pollFor(authentik, codes)).status).toBe(200);
        expect(await pollFor(authentik, codes)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
      },
    },
    {
      what: 'the 21st request of an address within an hour is 429',
      evidence: 'recorded',
      holds: async (authentik) => {
        const headers = { 'x-forwarded-for': '203.0.113.30' };
        for (let asked = 1; asked <= 20; asked += 1) {
          expect((await askForDevice(authentik, client, headers)).status).toBe(200);
        }
        expect((await askForDevice(authentik, client, headers)).status).toBe(429);
        authentik.clock.advanceSeconds(3601);
        expect((await askForDevice(authentik, client, headers)).status).toBe(200);
        authentik.clock.reset();
      },
    },
    {
      what: 'an expired code is still `authorization_pending`',
      versions: '<2026.5.0-rc1',
      evidence: 'recorded',
      holds: async (authentik) => expect(await errorOfExpired(authentik)).toBe('authorization_pending'),
      otherwise: async (authentik) =>
        expect(await errorOfExpired(authentik)).toBeOneOf(['invalid_grant', 'expired_token']),
    },
  ],
};

/** Whether a server has the habits of the device grant. */
export const DEVICE_PROBES: Readonly<Partial<Record<Habit, (authentik: EmbeddedAuthentik) => Promise<boolean>>>> = {
  deviceErrorsAsJson: async (authentik) => {
    const response = await askForDevice(authentik, { client_id: 'nobody' });
    expect(response.status).toBe(400);
    return (await response.text()).includes('invalid_client');
  },
  deviceClientByBasic: async (authentik) => {
    const authorization = `Basic ${Buffer.from('web:anything').toString('base64')}`;
    return (await askForDevice(authentik, { scope: 'openid' }, { authorization })).status === 200;
  },
  deviceCodeDenied: async (authentik) => {
    const browser = await signedIn(authentik);
    const page = (await browser.request(`${authentik.url}/device`)).headers.get('location') ?? '';
    await execute(authentik, browser, page);
    const { body } = await execute(authentik, browser, page, { code: '000000000' });
    expect(body['component']).toBeOneOf(['xak-flow-shell', 'ak-provider-oauth2-device-code']);
    return body['component'] === 'xak-flow-shell';
  },
  deviceExpiryChecked: async (authentik) => (await errorOfExpired(authentik)) !== 'authorization_pending',
  deviceExpiryToldApart: async (authentik) => (await errorOfExpired(authentik)) === 'expired_token',
  deviceNeedsSecret: async (authentik) => {
    const { device_code } = await deviceCodes(authentik, { client_id: WEB.client_id });
    const { body } = await poll(authentik, { client_id: WEB.client_id, device_code });
    return body['error'] === 'invalid_client';
  },
  deviceScopesClamped: async (authentik) => {
    const codes = await deviceCodes(authentik, { client_id: WEB.client_id, scope: 'openid calendar' });
    await agree(authentik, codes);
    const { access_token: token } = (await poll(authentik, { ...WEB, device_code: codes.device_code })).body;
    const told = await post(authentik, '/application/o/introspect/', { ...WEB, token: String(token) });
    const { scope } = (await told.json()) as { scope: string };
    expect(scope).toContain('openid');
    return !scope.includes('calendar');
  },
  deviceRefreshByPoll: async (authentik) => {
    const codes = await deviceCodes(authentik, { ...client, scope: 'openid offline_access' });
    await agree(authentik, codes);
    return !('refresh_token' in (await pollFor(authentik, codes)).body);
  },
};
