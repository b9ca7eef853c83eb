import { AuthentikError, AuthentikUnavailableError, TokenGrantError } from '../../errors/index.js';

/** Errors of the connection before anything was sent. */
const neverSent = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/** What is known of a call, besides how it failed. */
export interface GrantCircumstances {
  /** Whether what was sent can be sent only once. Default false. */
  readonly usesUp?: boolean;
  /** What to do about an OAuth error code that this call may get, in whole sentences. */
  readonly remedies?: Readonly<Record<string, string>>;
}

/**
 * What a failed call to an endpoint of Authentik means for us. Nothing of the answer but its OAuth error code is kept:
 * bodies and headers may hold tokens.
 * @param endpoint for messages: `token`, `revocation`
 */
export function grantFailure(
  endpoint: string,
  error: unknown,
  { usesUp = false, remedies = {} }: GrantCircumstances = {},
): AuthentikError {
  if (error instanceof AuthentikError) return error;
  const { status, word, codes } = facts(error);
  if (word !== undefined) {
    const known: Readonly<Record<string, string>> = { invalid_client: 'Check clientId and clientSecret.', ...remedies };
    const remedy = Object.hasOwn(known, word) ? ` ${known[word]}` : '';
    return new TokenGrantError(word, `Authentik's ${endpoint} endpoint answered ${word}.${remedy}`);
  }
  if (usesUp && status === undefined && !codes.some((code) => neverSent.has(code))) {
    return new TokenGrantError(
      'outcome_unknown',
      `The answer of Authentik's ${endpoint} endpoint was lost or is none, so what was sent may be used up.`,
    );
  }
  return new AuthentikUnavailableError(
    `Authentik's ${endpoint} endpoint cannot be used now: ${status === undefined ? codes.join(', ') || 'no answer' : `it answered ${status}`}.`,
    { endpoint, retryAfterSeconds: 1 },
  );
}

/** Status of the answer that an error of `openid-client` is about. */
export const statusOf = (error: unknown): number | undefined => facts(error).status;

/** Whether an answer of Authentik was refused because it is about somebody or something else than it was asked about. */
export const isAboutAnother = (error: unknown): boolean =>
  facts(error).codes.includes('OAUTH_JSON_ATTRIBUTE_COMPARISON_FAILED');

interface Facts {
  readonly status: number | undefined;
  /** OAuth error code. */
  readonly word: string | undefined;
  /** Codes of the error and its causes. */
  readonly codes: readonly string[];
}

function facts(error: unknown): Facts {
  const codes: string[] = [];
  let status: number | undefined;
  let word: string | undefined;
  for (let current = error; current instanceof Error && codes.length < 5; current = current.cause) {
    const { code, status: own, error: named, cause } = current as Error & Record<string, unknown>;
    if (typeof code === 'string') codes.push(code);
    if (typeof own === 'number') status = own;
    if (cause instanceof Response) status = cause.status;
    if (typeof named === 'string' && /^[a-z_]{1,40}$/u.test(named)) word = named;
  }
  return { status, word, codes };
}
