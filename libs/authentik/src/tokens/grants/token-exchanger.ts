import { Injectable } from '@nestjs/common';

import { AuthentikDiscovery } from '../../discovery/authentik-discovery.js';
import { tokenExchangeGrantType } from '../../discovery/exchange-answer.js';
import { checkForm, notSent } from '../token-form.js';
import { grantFailure } from './grant-failure.js';
import { type AuthentikTokenSet, toTokenSet } from './token-set.js';

/** For whom a token is exchanged. */
export interface TokenExchange {
  /** The user's access token, as it came in. It is sent to Authentik only, never to the upstream. */
  readonly subjectToken: string;
  /** Client id of the upstream's provider in Authentik, which must list ours under "Federated OIDC Providers". */
  readonly audience: string;
  /** Scopes for the upstream. Authentik grants none that is not asked for. */
  readonly scopes: readonly string[];
}

const accessTokenType = 'urn:ietf:params:oauth:token-type:access_token';

/** Authentik says no more than the code. */
const noSuchGrant = 'Token exchange needs Authentik 2026.8, and a provider of this app that allows the grant type.';
const remedies = {
  invalid_target:
    "`audience` has to be the client id of the upstream's provider, and that provider has to list that of this app under " +
    '"Federated OIDC Providers".',
  invalid_grant:
    '`subjectToken` has to be an access token of this app that is neither expired nor revoked, and the bindings of the ' +
    `upstream's application have to let its user in. ${noSuchGrant}`,
  unsupported_grant_type: noSuchGrant,
};

/**
 * Exchanges the user's token for one that an upstream API accepts. Authentik 2026.8 and later.
 * @see RFC 8693
 */
@Injectable()
export class TokenExchanger {
  constructor(private readonly discovery: AuthentikDiscovery) {}

  async exchange({ subjectToken, audience, scopes }: TokenExchange): Promise<AuthentikTokenSet> {
    checkForm('exchangeToken', subjectToken);
    // Not every caller is compiled, and without an audience Authentik would exchange the token for one of our own.
    if (typeof audience !== 'string' || audience === '') {
      throw notSent('exchangeToken', "Expected was an audience, the client id of the upstream's provider.");
    }
    if (!Array.isArray(scopes)) throw notSent('exchangeToken', 'Expected were scopes as a list; [] asks for none.');
    const configuration = await this.discovery.configuration();
    const { genericGrantRequest } = await import('openid-client');
    try {
      return toTokenSet(
        await genericGrantRequest(configuration, tokenExchangeGrantType, {
          subject_token: subjectToken,
          subject_token_type: accessTokenType,
          requested_token_type: accessTokenType,
          audience,
          ...(scopes.length > 0 && { scope: scopes.join(' ') }),
        }),
      );
    } catch (error) {
      throw grantFailure('token', error, { remedies });
    }
  }
}
