import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { callbackify } from 'node:util';

import { PassportStrategy } from '@nestjs/passport';
import { Strategy } from 'passport-openidconnect';

import type { AuthentikDiscovery } from '../../discovery/authentik-discovery.js';
import { LoginError } from '../../errors/index.js';
import { RegisteredStrategy } from '../../http/registered-strategy.js';
import type { ResolvedAuthentikOptions } from '../../options/index.js';
import type { AuthentikClaims } from '../../protocol/claims.types.js';
import type { TokenInspector } from '../../tokens/grants/token-inspector.js';
import { authorizationFailure, readAuthorizationResponse } from './authorization-response.js';
import { exchangeFailure } from './exchange-failure.js';
import type { LoginOutcome, LoginRequest } from './login-outcome.js';
import type { PendingLogin, PendingLogins } from './pending-logins.js';

export interface OidcStrategyParts {
  readonly options: ResolvedAuthentikOptions;
  /** `publicUrl` and the path of the callback. */
  readonly redirectUri: string;
  readonly discovery: AuthentikDiscovery;
  readonly inspector: TokenInspector;
  readonly pending: PendingLogins;
}

/** What the routes hand to the strategy, and read back. */
export type LoginStep =
  | { readonly begin: LoginRequest }
  | { readonly finish: { readonly browser: string | undefined; login?: PendingLogin } };

interface Tokens {
  readonly claims: AuthentikClaims;
  readonly scope: string;
  readonly expiresInSeconds: number;
}

/** What the base class reads of itself, once a request. Its types leave it out. */
interface BaseState {
  _stateStore: StateStore;
  _oauth2: object;
}

interface StateStore {
  store(
    request: unknown,
    context: { nonce?: string },
    state: unknown,
    meta: unknown,
    done: (error: unknown, state?: string) => void,
  ): void;
  verify(request: unknown, state: string, done: (error: unknown, context?: object) => void): void;
}

/**
 * `passport-openidconnect`, hardened at its own seams. It adds PKCE, `state` and `nonce` to each request; keeps sign-ins on
 * the server, each bound to its browser; and lets `openid-client` exchange the code, which verifies the ID token whole,
 * its signature included. The base class checks the claims once more.
 *
 * Passport calls `authenticate` on an object of its own for each request, with the strategy as prototype, so what is
 * written to `this` is of that request alone.
 */
class HardenedStrategy extends Strategy {
  private readonly parts: OidcStrategyParts;

  constructor(parts: OidcStrategyParts, verify: ConstructorParameters<typeof Strategy>[1]) {
    const { options, redirectUri } = parts;
    super(
      {
        issuer: options.issuer,
        clientID: options.clientId,
        callbackURL: redirectUri,
        scope: loginScopes(options).filter((scope) => scope !== 'openid'),
        skipUserProfile: true,
        // Never asked: discovery tells where the endpoints are, and openid-client knows the secret.
        authorizationURL: options.url,
        tokenURL: options.url,
        userInfoURL: options.url,
        clientSecret: '',
      },
      verify,
    );
    this.parts = parts;
  }

  override authenticate(request: Parameters<Strategy['authenticate']>[0], options?: object): void {
    const step = options as LoginStep;
    const prepared = 'begin' in step ? this.begin(step.begin) : this.finish(request, step.finish);
    prepared
      .then(({ query, more }) => super.authenticate({ query } as typeof request, more))
      .catch((error: unknown) => this.error(error as Error));
  }

  private async begin({ browser, returnTo, prompt, loginHint }: LoginRequest) {
    const { discovery, options, pending } = this.parts;
    const client = await import('openid-client');
    const { authorization_endpoint: endpoint } = await discovery.serverMetadata();
    const codeVerifier = client.randomPKCECodeVerifier();
    const parameters = {
      nonce: client.randomNonce(),
      code_challenge: await client.calculatePKCECodeChallenge(codeVerifier),
      code_challenge_method: 'S256',
      ...(loginHint !== undefined && { login_hint: loginHint }),
    };
    this.override({
      _oauth2: { _authorizeUrl: endpoint, _clientId: options.clientId },
      _stateStore: {
        store: (_request, { nonce = '' }, _state, _meta, done) =>
          callbackify(() => pending.add({ nonce, codeVerifier, returnTo }, browser))(done),
        verify: (_request, _state, done) => done(null),
      },
    });
    this.authorizationParams = () => ({ ...parameters });
    return { query: {}, more: prompt === undefined ? {} : { prompt } };
  }

  private async finish(request: IncomingMessage, finish: Extract<LoginStep, { finish: object }>['finish']) {
    const { options, pending } = this.parts;
    const answer = readAuthorizationResponse(originalUrl(request), options.issuer);
    // Before anything is believed, an error included: whoever sends a browser here must have begun with this one.
    const login = (finish.login = await pending.take(answer.state, finish.browser));
    if (answer.error !== undefined) throw authorizationFailure(answer.error);
    this.override({
      _oauth2: {
        _clientId: options.clientId,
        getOAuthAccessToken: (
          _code: string,
          _parameters: object,
          done: (error: unknown, accessToken: string, refreshToken: string | undefined, more: object) => void,
        ) => {
          callbackify(() => this.exchange(answer, login))((error, tokens) => {
            // After a failure there are no tokens that could be taken apart.
            if (error !== null && error !== undefined) {
              this.error(exchangeFailure(error));
              return;
            }
            const { access_token, refresh_token, ...more } = tokens;
            done(null, access_token, refresh_token, more);
          });
        },
      },
      _stateStore: {
        store: (_request, _context, _state, _meta, done) => done(null),
        verify: (_request, _state, done) => done(null, { nonce: login.nonce }),
      },
    });
    return { query: { code: answer.code, state: answer.state }, more: {} };
  }

  private async exchange({ search, state }: { search: string; state: string }, login: PendingLogin) {
    const { discovery, redirectUri } = this.parts;
    const configuration = await discovery.configuration();
    const client = await import('openid-client');
    // Without it the signature is left to TLS in this flow.
    client.enableNonRepudiationChecks(configuration);
    const response = await client.authorizationCodeGrant(configuration, new URL(search, redirectUri), {
      pkceCodeVerifier: login.codeVerifier,
      expectedNonce: login.nonce,
      expectedState: state,
      idTokenExpected: true,
    });
    const tokens: Tokens = {
      claims: response.claims() as unknown as AuthentikClaims,
      scope: response.scope ?? '',
      expiresInSeconds: response.expires_in ?? 0,
    };
    return {
      access_token: response.access_token,
      refresh_token: response.refresh_token,
      id_token: response.id_token,
      tokens,
    };
  }

  private override(own: BaseState): void {
    Object.assign(this, own);
  }
}

/** Groups are what is needed most: where the ID token has none, UserInfo has. */
async function withGroups(
  claims: AuthentikClaims,
  accessToken: string,
  { inspector, options }: OidcStrategyParts,
): Promise<AuthentikClaims> {
  if (Array.isArray(claims.groups) || !options.scopes.includes('profile')) return claims;
  const more = await inspector.userInfo(accessToken);
  // OpenID Connect Core 1.0 §5.3.2
  if (more.sub !== claims.sub) {
    throw new LoginError('invalid_response', 'UserInfo is about somebody else than the ID token: tokens were swapped.');
  }
  return { ...more, ...claims };
}

/** Without a place to keep it, a refresh token would only be one more to lose. */
export function loginScopes({ scopes, session }: ResolvedAuthentikOptions): readonly string[] {
  return session?.keepTokens === true ? scopes : scopes.filter((scope) => scope !== 'offline_access');
}

/** Routers of Express cut the front of `url` off. */
const originalUrl = (request: IncomingMessage) =>
  (request as { originalUrl?: string }).originalUrl ?? request.url ?? '';

/**
 * Registers the strategy with Passport, under a name of its own for each module instance.
 */
export function registerOidcStrategy(parts: OidcStrategyParts): RegisteredStrategy {
  const name = `authentik-oidc-${randomUUID()}`;
  class AuthentikOidcStrategy extends PassportStrategy(HardenedStrategy, name, 8) {
    async validate(
      _issuer: string,
      _profile: object,
      _context: object,
      idToken: string,
      accessToken: string,
      refreshToken: string | undefined,
      { tokens }: { tokens: Tokens },
    ): Promise<LoginOutcome> {
      try {
        const claims = await withGroups(tokens.claims, accessToken, parts);
        return { ...tokens, claims, idToken, accessToken, ...(refreshToken !== undefined && { refreshToken }) };
      } catch (error) {
        throw exchangeFailure(error);
      }
    }
  }
  // Constructing it is what registers it.
  void new AuthentikOidcStrategy(parts);
  return new RegisteredStrategy(name);
}
