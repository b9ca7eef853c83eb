import type { Application, Provider, User } from '../directory/entries.js';
import { ENCRYPTION } from '../directory/signing-key.js';
import { mappingClaims } from '../issued/claims.js';
import { applyCors } from '../wire/cors.js';
import { notFound, type Endpoint } from '../wire/endpoint.js';
import type { Exchange } from '../wire/exchange.js';

/** OpenID Connect metadata of one application. No final slash. */
export const discovery: Endpoint = {
  name: 'discovery',
  path: '/application/o/:slug/.well-known/openid-configuration',
  GET: answerMetadata,
  OPTIONS: (exchange) => {
    applyCors(exchange, undefined);
    exchange.empty(200, { Allow: 'GET, HEAD, OPTIONS' });
  },
};

/** The same document where RFC 8414 puts it: with the final slash of the issuer's path. */
export const oauthMetadata: Endpoint = {
  ...discovery,
  path: '/.well-known/oauth-authorization-server/application/o/:slug/',
};

/** `GET` of the issuer itself leads to the metadata, unknown applications as well. */
export const providerRoot: Endpoint = {
  name: 'provider-root',
  path: '/application/o/:slug/',
  GET: (exchange) =>
    exchange.redirect(`/application/o/${String(exchange.request.params['slug'])}/.well-known/openid-configuration`),
};

/** Finds the application of the path. */
export function applicationOf(exchange: Exchange): Application | undefined {
  return exchange.world.directory.applications.get(String(exchange.request.params['slug']));
}

function answerMetadata(exchange: Exchange): void | Promise<void> {
  const application = applicationOf(exchange);
  if (application?.provider === undefined) return notFound.GET?.(exchange);
  applyCors(exchange, application.provider);
  return metadata(exchange, application.slug, application.provider);
}

async function metadata(exchange: Exchange, slug: string, provider: Provider): Promise<void> {
  const { baseUrl, habits } = exchange;
  const scopes = [...provider.scopeMappings.keys()];
  const signingKey = await provider.signingKey;
  exchange.json(
    200,
    {
      issuer: exchange.issuer(provider),
      authorization_endpoint: `${baseUrl}/application/o/authorize/`,
      token_endpoint: `${baseUrl}/application/o/token/`,
      userinfo_endpoint: `${baseUrl}/application/o/userinfo/`,
      end_session_endpoint: `${baseUrl}/application/o/${slug}/end-session/`,
      introspection_endpoint: `${baseUrl}/application/o/introspect/`,
      revocation_endpoint: `${baseUrl}/application/o/revoke/`,
      device_authorization_endpoint: `${baseUrl}/application/o/device/`,
      ...(habits.logoutInMetadata && {
        backchannel_logout_supported: true,
        backchannel_logout_session_supported: true,
        frontchannel_logout_supported: true,
        frontchannel_logout_session_supported: true,
      }),
      response_types_supported: [
        'code',
        'id_token',
        'id_token token',
        'code token',
        'code id_token',
        'code id_token token',
      ],
      response_modes_supported: ['query', 'fragment', 'form_post'],
      jwks_uri: `${baseUrl}/application/o/${slug}/jwks/`,
      // A fixed list: it follows neither the provider's grants nor what the server can do.
      grant_types_supported: [
        'authorization_code',
        'refresh_token',
        'implicit',
        'client_credentials',
        'password',
        'urn:ietf:params:oauth:grant-type:device_code',
      ],
      id_token_signing_alg_values_supported: [signingKey?.alg ?? 'HS256'],
      ...(provider.encryptionKey !== undefined && {
        id_token_encryption_alg_values_supported: [ENCRYPTION.alg],
        id_token_encryption_enc_values_supported: [ENCRYPTION.enc],
      }),
      subject_types_supported: ['public'],
      // `none` is never listed, though public clients work.
      token_endpoint_auth_methods_supported: ['client_secret_post', 'client_secret_basic'],
      acr_values_supported: ['goauthentik.io/providers/oauth2/default'],
      scopes_supported: scopes.includes('openid') ? scopes : [...scopes, 'openid'],
      request_parameter_supported: false,
      claims_supported: [
        'sub',
        'iss',
        'aud',
        'exp',
        'iat',
        'auth_time',
        'acr',
        'amr',
        'nonce',
        ...Object.keys(mappingClaims(provider, ANONYMOUS, scopes)),
      ],
      claims_parameter_supported: false,
      code_challenge_methods_supported: ['plain', 'S256'],
      ...(habits.dpopInMetadata && {
        dpop_signing_alg_values_supported: [
          'ES256',
          'ES384',
          'ES512',
          'PS256',
          'PS384',
          'PS512',
          'RS256',
          'RS384',
          'RS512',
        ],
      }),
    },
    2,
  );
}

/** Authentik tries the mappings on nobody to learn which claims they give. */
const ANONYMOUS: User = {
  pk: 0,
  uuid: '',
  uid: '',
  username: 'AnonymousUser',
  name: '',
  email: '',
  groups: new Set(),
  attributes: {},
  password: '',
  appPasswords: new Set(),
  isActive: false,
  isSuperuser: false,
};
