import type { Provider } from '../../directory/entries.js';
import { hasForbiddenScheme, matchesRedirectUri } from '../../directory/redirect-uris.js';
import type { AuthorizationParameters } from '../../issued/authorization-parameters.js';
import type { Exchange } from '../../wire/exchange.js';
import { descriptionOf, type OAuthErrorCode } from '../../wire/oauth-errors.js';

/** Kind of flow that a response type belongs to; also the grant that a provider must allow. */
export type FlowGrant = 'authorization_code' | 'implicit' | 'hybrid';

const RESPONSE_TYPES: Readonly<Partial<Record<string, FlowGrant>>> = {
  code: 'authorization_code',
  id_token: 'implicit',
  'id_token token': 'implicit',
  'code token': 'hybrid',
  'code id_token': 'hybrid',
  'code id_token token': 'hybrid',
};

const KNOWN_PROMPTS = new Set(['none', 'login', 'consent']);

/** Shown to the person: the client can't be told, since nobody knows whether the address is its. */
export class AuthorizationPageError extends Error {
  constructor(
    readonly status: number,
    readonly heading: string,
    readonly text?: string,
  ) {
    super(heading);
  }
}

/** Told to the client by a redirect. */
export class AuthorizationRedirectError extends Error {
  constructor(
    readonly redirectUri: string,
    readonly error: OAuthErrorCode,
    readonly state: string | undefined,
    /** Implicit and hybrid requests get their errors in the fragment. */
    readonly inFragment: boolean,
    readonly description: string = descriptionOf(error),
  ) {
    super(error);
  }
}

/**
 * Checks a request in Authentik's order: client, redirect URI, response type, scope, nonce, PKCE.
 * @throws {AuthorizationPageError} client or redirect URI are not known
 * @throws {AuthorizationRedirectError} anything else
 */
export function checkAuthorizationRequest({ query, habits, world }: Exchange): AuthorizationParameters {
  const provider = world.directory.providers.get(query.get('client_id') ?? '');
  if (provider === undefined) {
    throw new AuthorizationPageError(
      400,
      'Client ID Error',
      'The client identifier (client_id) is missing or invalid.',
    );
  }
  const redirectUri = query.get('redirect_uri') ?? '';
  if (redirectUri !== '' && provider.redirectUris.length === 0 && habits.learnsFirstRedirectUri) {
    provider.redirectUris.push({ matchingMode: 'strict', url: redirectUri });
  }
  if (!matchesRedirectUri(redirectUri, provider.redirectUris, habits) || hasForbiddenScheme(redirectUri)) {
    throw new AuthorizationPageError(
      400,
      'Redirect URI Error',
      'The request fails due to a missing, invalid, or mismatching redirection URI (redirect_uri).',
    );
  }

  const responseType = query.get('response_type') ?? '';
  const flow = RESPONSE_TYPES[responseType];
  const fail = (error: OAuthErrorCode, description?: string) =>
    new AuthorizationRedirectError(
      redirectUri,
      error,
      query.get('state'),
      (flow ?? 'authorization_code') !== 'authorization_code',
      description,
    );
  if (flow === undefined) throw fail('unsupported_response_type');
  if (query.has('request')) throw fail('request_not_supported');
  if (habits.grantTypes && !provider.grantTypes.has(flow)) throw fail('invalid_request');

  const scopes = grantedScopes(query.get('scope') ?? '', provider);
  const responseTypes = new Set(responseType.split(' '));
  const idTokenAtOnce = responseTypes.has('id_token');
  if (idTokenAtOnce && !scopes.includes('openid')) throw fail('invalid_scope');
  if (idTokenAtOnce && (query.get('nonce') ?? '') === '') throw fail('invalid_request');

  const codeChallenge = query.get('code_challenge');
  const method = query.get('code_challenge_method') ?? 'plain';
  if (codeChallenge && method !== 'plain' && method !== 'S256') {
    throw fail('invalid_request', `Unsupported challenge method ${method}`);
  }
  return {
    provider,
    redirectUri,
    responseTypes,
    responseMode: responseMode(query.get('response_mode'), flow),
    scopes,
    state: query.get('state') ?? '',
    nonce: query.get('nonce') || undefined,
    prompt: new Set((query.get('prompt') ?? '').split(' ').filter((value) => KNOWN_PROMPTS.has(value))),
    maxAgeSeconds: maxAge(query.get('max_age')),
    codeChallenge: codeChallenge || undefined,
    codeChallengeMethod: method === 'S256' ? 'S256' : 'plain',
    locale: habits.uiLocales ? query.get('ui_locales') || undefined : undefined,
  };
}

/** Nothing asked for means everything attached; what is not attached is dropped without a word. */
function grantedScopes(scope: string, provider: Provider): string[] {
  const asked = scope.split(' ').filter(Boolean);
  const attached = [...provider.scopeMappings.keys()];
  return (asked.length === 0 ? attached : attached.filter((name) => asked.includes(name))).toSorted();
}

function responseMode(asked: string | undefined, flow: FlowGrant): AuthorizationParameters['responseMode'] {
  if (asked === 'query' || asked === 'fragment' || asked === 'form_post') return asked;
  return flow === 'authorization_code' ? 'query' : 'fragment';
}

/** Zero counts as absent; what is no number makes Authentik fail. */
function maxAge(value: string | undefined): number | undefined {
  if (value === undefined || value === '') return undefined;
  if (!/^\s*[+-]?\d+\s*$/.test(value)) throw new AuthorizationPageError(500, 'Server Error');
  return Number(value) || undefined;
}
