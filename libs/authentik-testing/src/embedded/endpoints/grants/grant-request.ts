import type { Provider } from '../../directory/entries.js';
import type { ClientCredentials } from '../../wire/client-authentication.js';
import type { Exchange } from '../../wire/exchange.js';

/** What a grant has to go on. */
export interface GrantRequest {
  readonly exchange: Exchange;
  readonly provider: Provider;
  readonly credentials: ClientCredentials;
}

/** The JSON of a token response. */
export type TokenResponse = Readonly<Record<string, unknown>>;
