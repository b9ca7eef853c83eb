import type { Provider } from '../../directory/entries.js';
import { subject } from '../../issued/claims.js';
import type { Grant, StoredToken } from '../../issued/records.js';
import { OAuthRefusal } from '../../wire/oauth-errors.js';
import type { GrantRequest, TokenResponse } from './grant-request.js';
import { tokenResponse } from './token-response.js';

const accessTokenType = 'urn:ietf:params:oauth:token-type:access_token';
const tokenTypes = new Set([accessTokenType, 'urn:ietf:params:oauth:token-type:jwt']);

/**
 * An access token for another provider, on behalf of the user of one's own. The other provider has to list the caller
 * as federated; a scope that is not asked for is not granted. There is neither session nor refresh token in it.
 * @see RFC 8693 §2
 */
export async function tokenExchangeGrant(request: GrantRequest): Promise<TokenResponse> {
  const { exchange, provider } = request;
  const { form, world } = exchange;
  if (form.has('resource')) throw new OAuthRefusal('invalid_target');
  const subjectToken = givenToken(request, 'subject_token');
  const target = targetOf(request);
  const { user } = subjectToken.grant;
  if (target.application === undefined || !world.directory.mayUse(user, target.application)) {
    throw new OAuthRefusal('invalid_grant');
  }
  const asked = (form.get('scope') ?? '').split(' ');
  const scopes = [...target.scopeMappings.keys()].filter((scope) => asked.includes(scope)).toSorted();
  const grant: Grant = { provider: target, user, scopes, authTime: subjectToken.grant.authTime };
  const actor = form.has('actor_token') ? givenToken(request, 'actor_token').grant : undefined;
  const act = actor && { act: { sub: subject(provider, actor.user) } };
  return {
    ...(await tokenResponse(exchange, grant, false, act)),
    issued_token_type: form.get('requested_token_type') ?? accessTokenType,
  };
}

/** A token of a person who is still there, issued to the caller or to somebody whom the caller lists as federated. */
function givenToken({ exchange, provider }: GrantRequest, name: 'subject_token' | 'actor_token'): StoredToken {
  const { form, world } = exchange;
  const requested = form.get('requested_token_type');
  if (!tokenTypes.has(form.get(`${name}_type`) ?? '') || (requested !== undefined && !tokenTypes.has(requested))) {
    throw new OAuthRefusal('invalid_request');
  }
  const stored = world.issued.tokens.get(form.get(name) ?? '');
  const issuedTo = stored?.grant.provider;
  const isOurs = issuedTo === provider || provider.federatedProviders.has(issuedTo?.clientId ?? '');
  if (stored?.kind !== 'access' || !isOurs || !stored.grant.user.isActive) throw new OAuthRefusal('invalid_grant');
  return stored;
}

/** The caller itself, where nobody else is named. */
function targetOf({ exchange, provider }: GrantRequest): Provider {
  const audience = exchange.form.get('audience');
  if (audience === undefined || audience === provider.clientId) return provider;
  const target = exchange.world.directory.providers.get(audience);
  if (target?.federatedProviders.has(provider.clientId) !== true) throw new OAuthRefusal('invalid_target');
  return target;
}
