import type { Provider } from '../../directory/entries.js';
import { hasForbiddenScheme, matchesLogoutUri } from '../../directory/redirect-uris.js';
import { quote } from '../../wire/encoding.js';
import type { Exchange } from '../../wire/exchange.js';
import { OAuthRefusal } from '../../wire/oauth-errors.js';
import { isSoundHint } from './id-token-hint.js';

/**
 * Reads the parameters of RP-initiated logout.
 * @returns the client's address to come back to, with its state; undefined for none
 * @throws {OAuthRefusal} 2026.5+: an `id_token_hint` that is not this provider's, or an address without one or that is
 *   not registered
 */
export async function postLogoutRedirect(
  exchange: Exchange,
  provider: Provider,
  parameters: ReadonlyMap<string, string>,
): Promise<string | undefined> {
  const { habits } = exchange;
  if (!habits.redirectUriTypes) return undefined;
  const hint = parameters.get('id_token_hint') ?? '';
  if (habits.verifiesIdTokenHint && hint !== '' && !(await isSoundHint(hint, provider, exchange.issuer(provider)))) {
    throw new OAuthRefusal('invalid_request');
  }
  const uri = parameters.get('post_logout_redirect_uri') ?? '';
  if (uri === '' || !provider.redirectUris.some(({ redirectUriType }) => redirectUriType === 'logout'))
    return undefined;
  const registered = matchesLogoutUri(uri, provider.redirectUris) && !hasForbiddenScheme(uri);
  if (habits.verifiesIdTokenHint && (hint === '' || !registered)) throw new OAuthRefusal('invalid_request');
  if (!registered) return undefined;
  const state = parameters.get('state');
  return state === undefined ? uri : `${uri}${uri.includes('?') ? '&' : '?'}state=${quote(state)}`;
}
