import type { Provider } from '../directory/entries.js';

/** A checked authorization request. */
export interface AuthorizationParameters {
  readonly provider: Provider;
  readonly redirectUri: string;
  /** `code`, `id_token`, `token`, as asked. */
  readonly responseTypes: ReadonlySet<string>;
  readonly responseMode: 'query' | 'fragment' | 'form_post';
  /** Scopes to grant, sorted. */
  readonly scopes: readonly string[];
  readonly state: string;
  readonly nonce: string | undefined;
  readonly prompt: ReadonlySet<string>;
  readonly maxAgeSeconds: number | undefined;
  readonly codeChallenge: string | undefined;
  readonly codeChallengeMethod: 'plain' | 'S256';
  readonly locale: string | undefined;
}
