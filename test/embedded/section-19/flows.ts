import type { EmbeddedAuthentik } from 'nestjs-authentik-testing';
import type { Habit } from '../../../libs/authentik-testing/src/embedded/versions.js';
import { Browser } from '../browser.js';
import { authorizeUrl } from '../client.js';
import { signedIn } from '../device.js';
import { execute } from '../executor.js';

const SIGN_IN = '/if/flow/default-authentication-flow/';

/** Whether a server has the habits of flows. */
export const FLOW_PROBES: Readonly<Partial<Record<Habit, (authentik: EmbeddedAuthentik) => Promise<boolean>>>> = {
  fullerChallenges: async (authentik) => {
    const { body } = await execute(authentik, new Browser(), `${SIGN_IN}?next=%2Fback`);
    return (body['flow_info'] as { cancel_url: string }).cancel_url === '/flows/-/cancel/?next=%2Fback';
  },
  nameErrorsOfForm: async (authentik) => {
    const { body } = await execute(authentik, new Browser(), SIGN_IN, { uid_field: '' });
    return 'non_field_errors' in (body['response_errors'] as object);
  },
  loginHint: async (authentik) => {
    const page = await new Browser().request(`${authentik.url}${SIGN_IN}?login_hint=bob`);
    return (await page.text()).includes('value="bob"');
  },
  tellsConsentToken: async (authentik) => {
    const browser = await signedIn(authentik);
    const start = await browser.request(authorizeUrl(authentik, { prompt: 'consent' }));
    const page = start.headers.get('location') ?? '';
    await execute(authentik, browser, page);
    const { body } = await execute(authentik, browser, page, { token: 'of-another-challenge' });
    if (body['component'] !== 'ak-stage-consent') throw new Error('The consent is not asked for again.');
    return 'response_errors' in body;
  },
};
