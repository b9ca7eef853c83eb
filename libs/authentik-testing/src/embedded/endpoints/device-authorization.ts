import type { Provider } from '../directory/entries.js';
import { clientCredentials } from '../wire/client-authentication.js';
import type { Endpoint } from '../wire/endpoint.js';
import type { Exchange } from '../wire/exchange.js';
import { answerOAuthError } from '../wire/oauth-errors.js';

/** How often a device may poll, in seconds. It is told, but not watched over. */
const INTERVAL_SECONDS = 5;

/** Device authorization, one endpoint for all applications. No secret is looked at. Twenty an hour for each address. */
export const deviceAuthorization: Endpoint = {
  name: 'device',
  path: '/application/o/device/',
  csrfExempt: true,
  POST: (exchange) => {
    const { habits, world, baseUrl } = exchange;
    if (!world.issued.devices.mayAsk(addressOf(exchange))) {
      if (habits.deviceErrorsAsJson) answerOAuthError(exchange, 'slow_down', 429);
      else exchange.empty(429);
      return;
    }
    const provider = clientOf(exchange);
    if (provider === undefined) {
      if (habits.deviceErrorsAsJson) answerOAuthError(exchange, 'invalid_client');
      else exchange.empty(400);
      return;
    }
    const { deviceCode, userCode } = world.issued.devices.issue(provider, scopesOf(exchange, provider));
    const body = {
      device_code: deviceCode,
      verification_uri: `${baseUrl}/device`,
      verification_uri_complete: `${baseUrl}/device?code=${userCode}`,
      user_code: userCode,
      expires_in: Math.floor(provider.accessCodeValiditySeconds),
      interval: INTERVAL_SECONDS,
    };
    if (habits.deviceErrorsAsJson) exchange.tokenJson(200, body);
    else exchange.json(200, body);
  },
};

/** As the caller's proxy says, whoever that is. */
function addressOf(exchange: Exchange): string {
  return exchange.header('x-forwarded-for')?.replaceAll(' ', '') ?? exchange.request.socket.remoteAddress ?? '';
}

function clientOf(exchange: Exchange): Provider | undefined {
  const { habits, world, form } = exchange;
  const clientId = habits.deviceClientByBasic ? clientCredentials(exchange).clientId : form.get('client_id');
  const provider = world.directory.providers.get(clientId ?? '');
  if (provider?.application === undefined) return undefined;
  const allowed = !habits.grantTypes || provider.grantTypes.has('urn:ietf:params:oauth:grant-type:device_code');
  return allowed ? provider : undefined;
}

/** As asked, in that order; none asked for are none. */
function scopesOf({ form, habits }: Exchange, provider: Provider): readonly string[] {
  const asked = [...new Set((form.get('scope') ?? '').split(' ').filter(Boolean))];
  return habits.deviceScopesClamped ? asked.filter((scope) => provider.scopeMappings.has(scope)) : asked;
}
