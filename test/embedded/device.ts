import type { EmbeddedAuthentik } from 'nestjs-authentik-testing';
import { Browser } from './browser.js';
import { post, signInForCode } from './client.js';
import { execute } from './executor.js';

export const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code';

let addresses = 0;

/** A device asks for its codes, from an address of its own: the throttle counts by address. */
export function askForDevice(
  authentik: EmbeddedAuthentik,
  form: Record<string, string>,
  headers: Record<string, string> = {},
): Promise<Response> {
  addresses += 1;
  const address = `10.0.${Math.floor(addresses / 250)}.${addresses % 250}`;
  return post(authentik, '/application/o/device/', form, { 'x-forwarded-for': address, ...headers });
}

/** Codes of a device. */
export interface DeviceCodes {
  readonly device_code: string;
  readonly user_code: string;
  readonly verification_uri: string;
  readonly verification_uri_complete: string;
  readonly expires_in: number;
  readonly interval: number;
}

export async function deviceCodes(authentik: EmbeddedAuthentik, form: Record<string, string>): Promise<DeviceCodes> {
  const response = await askForDevice(authentik, form);
  if (response.status !== 200) throw new Error(`No codes: ${response.status} ${await response.text()}`);
  return (await response.json()) as DeviceCodes;
}

/** @returns a browser in which somebody is signed in */
export async function signedIn(authentik: EmbeddedAuthentik, username = 'alice'): Promise<Browser> {
  const browser = new Browser();
  await signInForCode(authentik, { scope: 'openid' }, username, browser);
  return browser;
}

/** Somebody opens the complete link and goes through the flow. @returns the answer to the link */
export async function agree(
  authentik: EmbeddedAuthentik,
  { user_code: code }: Pick<DeviceCodes, 'user_code'>,
  username = 'alice',
): Promise<Response> {
  const browser = await signedIn(authentik, username);
  const response = await browser.request(new URL(`/device?code=${code}`, authentik.url));
  const page = response.headers.get('location');
  if (page !== null) await execute(authentik, browser, page);
  return response;
}

/** The device asks whether somebody has agreed. */
export async function poll(authentik: EmbeddedAuthentik, form: Record<string, string>) {
  const response = await post(authentik, '/application/o/token/', { grant_type: DEVICE_GRANT, ...form });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}
