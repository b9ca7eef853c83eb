import type { BrowserSession } from '../issued/records.js';
import { permissionDeniedPage } from '../pages/error.page.js';
import type { Exchange } from '../wire/exchange.js';
import { AUTHORIZATION_FLOWS } from './flow.js';
import { flowPageAddress, planOf } from './plan.js';

/** What the code of a device leads to. */
export type DeviceEntry =
  | { readonly kind: 'flow'; readonly to: string }
  | { readonly kind: 'denied'; readonly page: string }
  | { readonly kind: 'unknown' };

/**
 * Puts a browser on the way to let a device in: the authorization flow of its provider.
 * @param query what the page of that flow is opened with
 */
export function enterDevice(
  exchange: Exchange,
  session: BrowserSession,
  userCode: string,
  query: Iterable<readonly [string, string]>,
): DeviceEntry {
  const { habits, world } = exchange;
  const device = world.issued.devices.byUserCode(userCode);
  const application = device?.provider.application;
  const expired = device !== undefined && habits.deviceExpiryChecked && world.issued.devices.isExpired(device);
  if (device === undefined || application === undefined || expired) {
    return habits.deviceCodeDenied
      ? { kind: 'denied', page: permissionDeniedPage(exchange.locale) }
      : { kind: 'unknown' };
  }
  if (session.user?.isActive !== true || !world.directory.mayUse(session.user, application)) {
    return { kind: 'denied', page: permissionDeniedPage(exchange.locale) };
  }
  const flow = AUTHORIZATION_FLOWS[device.provider.consent];
  session.plan = planOf(flow, { application, device, stages: ['device-code-finish'] });
  return { kind: 'flow', to: flowPageAddress(flow, query) };
}
