import { OAuthRefusal } from '../../wire/oauth-errors.js';
import type { GrantRequest, TokenResponse } from './grant-request.js';
import { tokenResponse } from './token-response.js';

/** The poll of a device: pending until somebody has let it in, then once the tokens of that person. No session is in them. */
export async function deviceCodeGrant({ exchange, provider }: GrantRequest): Promise<TokenResponse> {
  const { form, habits, world } = exchange;
  const { devices } = world.issued;
  const device = devices.byDeviceCode(form.get('device_code') ?? '');
  if (device?.provider !== provider) throw new OAuthRefusal('invalid_grant');
  if (habits.deviceExpiryChecked && devices.isExpired(device)) {
    throw new OAuthRefusal(habits.deviceExpiryToldApart ? 'expired_token' : 'invalid_grant');
  }
  const { user, scopes } = device;
  if (user === undefined) throw new OAuthRefusal('authorization_pending');
  if (!user.isActive) throw new OAuthRefusal('invalid_grant');
  // Deleted before anything is awaited, so that of two polls at once one fails.
  devices.delete(device);
  const asked = habits.deviceRefreshByPoll ? (form.get('scope') ?? '').split(' ') : scopes;
  const grant = { provider, user, scopes, authTime: world.clock.nowSeconds() };
  return tokenResponse(exchange, grant, asked.includes('offline_access'));
}
