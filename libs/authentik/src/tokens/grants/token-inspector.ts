import { Inject, Injectable } from '@nestjs/common';
import type { IntrospectionResponse, UserInfoResponse } from 'openid-client';

import { AUTHENTIK_OPTIONS } from '../../authentik.constants.js';
import { AuthentikDiscovery } from '../../discovery/authentik-discovery.js';
import { AuthentikConfigError, TokenGrantError, TokenVerificationError } from '../../errors/index.js';
import type { AuthentikApplication, ResolvedAuthentikOptions } from '../../options/index.js';
import { checkForm, slipOf } from '../token-form.js';
import { grantFailure, isAboutAnother, statusOf } from './grant-failure.js';

/** What Authentik itself says of a token now. */
@Injectable()
export class TokenInspector {
  constructor(
    private readonly discovery: AuthentikDiscovery,
    @Inject(AUTHENTIK_OPTIONS) private readonly options: ResolvedAuthentikOptions,
  ) {}

  /** @see RFC 7662 */
  async introspect(token: string, application = this.options.applications[0]): Promise<IntrospectionResponse> {
    checkForm('introspectToken', token);
    if (application.clientSecret === undefined) throw secretMissing(application);
    const configuration = await this.discovery.configuration(application);
    const { tokenIntrospection } = await import('openid-client');
    try {
      return await tokenIntrospection(configuration, token);
    } catch (error) {
      throw grantFailure('introspection', error);
    }
  }

  /**
   * @param subject `sub` that it must be about, where that is known
   * @throws {TokenVerificationError} `inactive`: Authentik does not know the token; `claims`: it is about somebody else;
   * `malformed`: it is no token
   * @throws {TokenGrantError} `insufficient_scope`: the token was not granted `openid`
   * @throws {AuthentikUnavailableError} nobody could be asked
   * @see OpenID Connect Core 1.0 §5.3
   */
  async userInfo(
    accessToken: string,
    subject?: string,
    application = this.options.applications[0],
  ): Promise<UserInfoResponse> {
    const slip = slipOf(accessToken);
    if (slip !== '')
      throw new TokenVerificationError(
        'malformed',
        `UserInfo was not asked, for there is no token to ask with.${slip}`,
      );
    const configuration = await this.discovery.configuration(application);
    const client = await import('openid-client');
    try {
      return await client.fetchUserInfo(configuration, accessToken, subject ?? client.skipSubjectCheck);
    } catch (error) {
      // Authentik's 401 has a challenge without its scheme, so openid-client reads no error code from it.
      if (statusOf(error) === 401) {
        throw new TokenVerificationError('inactive', 'Authentik does not know the access token, or not any more.');
      }
      if (statusOf(error) === 403) {
        throw new TokenGrantError('insufficient_scope', 'UserInfo is for access tokens with the scope openid.');
      }
      if (isAboutAnother(error)) {
        throw new TokenVerificationError(
          'claims',
          'UserInfo is about somebody else than the token: tokens were swapped, or a property mapping writes another "sub".',
        );
      }
      throw grantFailure('userinfo', error);
    }
  }

  /** @see RFC 7009 */
  async revoke(token: string, hint?: 'access_token' | 'refresh_token'): Promise<void> {
    const configuration = await this.discovery.configuration();
    const { tokenRevocation } = await import('openid-client');
    try {
      await tokenRevocation(configuration, token, hint === undefined ? {} : { token_type_hint: hint });
    } catch (error) {
      throw grantFailure('revocation', error);
    }
  }
}

const secretMissing = ({ applicationSlug }: AuthentikApplication) =>
  new AuthentikConfigError([
    {
      option: 'clientSecret',
      problem: `is missing for "${applicationSlug}": Authentik says of every token that it is not active to a client without one.`,
      remedy: 'Copy "Client Secret" from the provider.',
    },
  ]);
