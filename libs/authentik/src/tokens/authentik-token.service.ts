import { Injectable } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import type { Configuration, IntrospectionResponse, UserInfoResponse } from 'openid-client';

import { AuthentikDiscovery } from '../discovery/authentik-discovery.js';
import { TokenVerificationError } from '../errors/index.js';
import type { AuthentikUser } from '../protocol/user.js';
import { RequestAuthentication } from '../rules/request-authentication.js';
import { ClientCredentials } from './grants/client-credentials.js';
import { type EndSession, endSessionUrl } from './grants/end-session.js';
import { type TokenExchange, TokenExchanger } from './grants/token-exchanger.js';
import { TokenInspector } from './grants/token-inspector.js';
import { TokenRefresher } from './grants/token-refresher.js';
import type { AuthentikTokenSet } from './grants/token-set.js';
import { checkForm } from './token-form.js';
import { narrow, type VerifyTokenOptions } from './verify/narrow.js';
import { Revocations } from './verify/revocations.js';
import { TokenVerifier } from './verify/token.verifier.js';

/** What {@link AuthentikTokenService.authenticate} takes. */
export interface AuthenticateOptions {
  /** Kinds of credential that count. Default: all that the module takes. */
  readonly acceptedCredentials?: readonly AuthentikUser['credential'][];
}

/** What an app injects to work with tokens itself. Guards ask the same service. */
@Injectable()
export class AuthentikTokenService {
  constructor(
    private readonly verifier: TokenVerifier,
    private readonly refresher: TokenRefresher,
    private readonly inspector: TokenInspector,
    private readonly machine: ClientCredentials,
    private readonly exchanger: TokenExchanger,
    private readonly discovery: AuthentikDiscovery,
    private readonly revocations: Revocations,
    private readonly moduleRef: ModuleRef,
  ) {}

  /**
   * Decides whether an access token may be trusted here: signed by a key that Authentik publishes, from the issuer of
   * one of our applications, issued to that application, in time, and an access token at all.
   *
   * Not checked here: groups and scopes. Guards do that per handler.
   * @param accessToken without the scheme
   * @param options.audience an `aud` that the token must have besides; default none
   * @param options.clockToleranceSeconds allowed lateness after `exp`; default, and at most, that of the module
   * @returns the user, with `expiresAt` in epoch seconds and the claims as on the wire
   * @throws {TokenVerificationError} not acceptable; `reason` says why; the wire shows 401 `invalid_token`
   * @throws {AuthentikUnavailableError} nobody could be asked; the wire shows 503
   */
  verifyToken(accessToken: string, options?: VerifyTokenOptions): Promise<AuthentikUser> {
    const verifying = this.verifier.verify(accessToken);
    return options === undefined ? verifying : verifying.then((user) => narrow(user, options));
  }

  /**
   * Like {@link verifyToken}, with `null` for a token that is not acceptable.
   * @throws {AuthentikUnavailableError} nobody could be asked, so neither yes nor no is known
   */
  async tryVerifyToken(accessToken: string, options?: VerifyTokenOptions): Promise<AuthentikUser | null> {
    try {
      return await this.verifyToken(accessToken, options);
    } catch (error) {
      if (error instanceof TokenVerificationError) return null;
      throw error;
    }
  }

  /**
   * What {@link AuthentikAuthGuard} does, for where no guard stands: middleware, gateways, plain Express handlers. Finds
   * out who sent an HTTP request, by its access token or its session, with `mapUser` and the module-wide `allowedGroups`;
   * an access token decides alone. Guards that come later do not ask again. A WebSocket gateway gives the request that
   * its connection began with; judge the `Origin` there yourself, for that request is a GET.
   *
   * Not checked here: what single handlers ask for.
   * @param request as the adapter gives it; its `user` is set
   * @param options.acceptedCredentials kinds that count; another is as none. Default: all that the module takes.
   * @throws {UnauthenticatedError} no credential
   * @throws {MalformedCredentialError} a header that cannot be judged
   * @throws {TokenVerificationError} a credential that is not acceptable
   * @throws {GroupRequiredError} a user who may not use this app
   * @throws {AuthentikUnavailableError} nobody could be asked
   */
  async authenticate(request: object, options: AuthenticateOptions = {}): Promise<AuthentikUser> {
    // Found when it is used: what it asks depends on this service.
    const authentication = this.moduleRef.get(RequestAuthentication);
    return authentication.authenticate(request, (request as { res?: object }).res ?? {}, options.acceptedCredentials);
  }

  /**
   * Exchanges a refresh token for new tokens. Concurrent calls for one refresh token make one request; with `redis` or a
   * shared `store` those of all processes of this app do, and who comes up to 60 seconds late gets what the first one got.
   * Keep the `refreshToken` of the answer: Authentik takes the old one no more.
   * @throws {TokenGrantError} `isGrantEnded`: the user has to sign in again. Never try the same token again. With the
   * reason `outcome_unknown` the answer was lost, or the process that sent the token ended before it told the others;
   * with `invalid_request` what was given is no token, and nothing was sent.
   * @throws {AuthentikUnavailableError} Authentik or the store cannot be used; the refresh token is as good as before
   * @see RFC 6749 §6
   */
  async refreshToken(refreshToken: string): Promise<AuthentikTokenSet> {
    return this.refresher.refresh(refreshToken);
  }

  /**
   * Makes a token useless, in Authentik and in this process at once; with `redis` or a shared `store` in all processes of
   * this app within a second. Other apps take an access token until it expires, or for `introspectionTtlSeconds` where they
   * introspect. Revoking the access token leaves the refresh token alone and the other way round; revoke both to sign
   * somebody out.
   * @throws {TokenGrantError} Authentik did not take the client's credentials; `invalid_request`: this is no token
   * @throws {AuthentikUnavailableError} Authentik could not be told; this process refuses the token all the same
   * @see RFC 7009
   */
  async revokeToken(token: string, hint?: 'access_token' | 'refresh_token'): Promise<void> {
    // Before it counts as revoked here, while it is another that should be.
    checkForm('revokeToken', token);
    // A refresh token is never judged here.
    if (hint !== 'refresh_token') await this.revocations.revokeToken(token);
    await this.inspector.revoke(token, hint);
  }

  /**
   * Asks Authentik about a token of the app's own application. It says `active: false` of all others.
   * @throws {TokenGrantError} `invalid_request`: this is no token
   * @throws {AuthentikConfigError} no `clientSecret`: Authentik tells only confidential clients about tokens
   * @throws {AuthentikUnavailableError} nobody could be asked
   * @see RFC 7662
   */
  async introspectToken(token: string): Promise<IntrospectionResponse> {
    return this.inspector.introspect(token);
  }

  /**
   * Asks Authentik for the user's claims as they are now; groups included, wherever the token lacks them.
   * @throws {TokenVerificationError} `inactive`: Authentik does not know the token any more; `malformed`: it is none
   * @throws {TokenGrantError} `insufficient_scope`: the token was not granted `openid`
   * @throws {AuthentikUnavailableError} nobody could be asked
   * @see OpenID Connect Core 1.0 §5.3
   */
  async fetchUserInfo(accessToken: string): Promise<UserInfoResponse> {
    return this.inspector.userInfo(accessToken);
  }

  /**
   * A token for this app itself, as its service account. Remembered until shortly before it expires; concurrent calls
   * for the same scopes make one request.
   * @throws {AuthentikConfigError} no `clientSecret`
   * @throws {TokenGrantError} Authentik refused, for example since the provider lacks the grant type
   * @throws {AuthentikUnavailableError} nobody could be asked
   * @see RFC 6749 §4.4
   */
  async clientCredentials(scopes: readonly string[] = []): Promise<AuthentikTokenSet> {
    return this.machine.tokens(scopes);
  }

  /**
   * Exchanges the user's access token for one that an upstream API accepts, so that the user's own token never leaves
   * for there. Authentik 2026.8 and later.
   * @throws {TokenGrantError} Authentik refused, for example with `invalid_target`; the message says what to look at.
   * `invalid_request`: the arguments are none, and nothing was sent
   * @throws {AuthentikUnavailableError} nobody could be asked
   * @see RFC 8693
   */
  async exchangeToken(exchange: TokenExchange): Promise<AuthentikTokenSet> {
    return this.exchanger.exchange(exchange);
  }

  /**
   * Where a browser goes to end its session in Authentik. What happens there is up to the provider's invalidation flow.
   * @throws {AuthentikUnavailableError} it is not known and cannot be asked now
   * @see OpenID Connect RP-Initiated Logout 1.0
   */
  async endSessionUrl(parameters: EndSession = {}): Promise<URL> {
    return endSessionUrl(await this.discovery.configuration(), parameters);
  }

  /**
   * The discovered configuration of `openid-client`, for every flow that has no method here.
   * @throws {AuthentikUnavailableError} it was never read and cannot be read now
   */
  async openidClient(): Promise<Configuration> {
    return this.discovery.configuration();
  }
}
