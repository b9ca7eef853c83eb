import { hash, hkdfSync } from 'node:crypto';

import { compactDecrypt } from 'jose/jwe/compact/decrypt';
import { CompactEncrypt } from 'jose/jwe/compact/encrypt';

import { type AuthentikError, AuthentikUnavailableError, TokenGrantError } from '../../errors/index.js';
import type { AuthentikTokenSet } from './token-set.js';

/** How the use of a refresh token ended, as other processes are told. */
export type RefreshOutcome =
  | { readonly kind: 'tokens'; readonly tokens: AuthentikTokenSet; readonly receivedAtMs: number }
  | { readonly kind: 'refused'; readonly reason: string; readonly message: string }
  | {
      readonly kind: 'unavailable';
      readonly message: string;
      readonly endpoint: string;
      readonly retryAfterSeconds: number;
    };

export const outcomeOfTokens = (tokens: AuthentikTokenSet): RefreshOutcome => ({
  kind: 'tokens',
  tokens,
  receivedAtMs: Date.now(),
});

/** @returns `undefined` for an error that says nothing about the refresh token */
export function outcomeOfError(error: unknown): RefreshOutcome | undefined {
  if (error instanceof TokenGrantError) return { kind: 'refused', reason: error.reason, message: error.message };
  if (!(error instanceof AuthentikUnavailableError)) return undefined;
  const { message, endpoint, retryAfterSeconds } = error;
  return { kind: 'unavailable', message, endpoint, retryAfterSeconds };
}

/** Whether the refresh token is of no use any more. Authentik keeps one that it does not replace. */
export function isUsedUp(outcome: RefreshOutcome, refreshToken: string): boolean {
  if (outcome.kind === 'tokens') return outcome.tokens.refreshToken !== refreshToken;
  return outcome.kind === 'refused' && refusal(outcome).isGrantEnded;
}

/**
 * What the process that refreshed got, for one that did not.
 * @throws {AuthentikError} what it failed with
 */
export function fromOutcome(outcome: RefreshOutcome): AuthentikTokenSet {
  if (outcome.kind !== 'tokens') throw failure(outcome);
  const { tokens, receivedAtMs } = outcome;
  // A clock that is behind must not make it live longer.
  const ageSeconds = Math.max(0, Math.ceil((Date.now() - receivedAtMs) / 1000));
  return Object.freeze({
    ...tokens,
    scope: Object.freeze(tokens.scope),
    expiresInSeconds: Math.max(0, tokens.expiresInSeconds - ageSeconds),
  });
}

/**
 * Encrypts outcomes with a key that comes of the refresh token itself: only who has the old tokens can read the new
 * ones, and only they can make an outcome up.
 * @see RFC 5869, RFC 7516
 */
export class OutcomeSeal {
  /** Name of the refresh token in stores: never the token. */
  readonly name: string;
  private readonly key: Uint8Array;

  constructor(refreshToken: string) {
    this.name = `refresh:${hash('sha256', refreshToken, 'base64url')}`;
    this.key = new Uint8Array(hkdfSync('sha256', refreshToken, '', 'nestjs-authentik refresh outcome 1', 32));
  }

  async seal(outcome: RefreshOutcome): Promise<string> {
    return new CompactEncrypt(new TextEncoder().encode(JSON.stringify(outcome)))
      .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
      .encrypt(this.key);
  }

  /** @returns `undefined` for what is no outcome of this refresh token */
  async open(sealed: string | undefined): Promise<RefreshOutcome | undefined> {
    if (sealed === undefined) return undefined;
    try {
      const { plaintext } = await compactDecrypt(sealed, this.key, {
        keyManagementAlgorithms: ['dir'],
        contentEncryptionAlgorithms: ['A256GCM'],
      });
      return JSON.parse(new TextDecoder().decode(plaintext)) as RefreshOutcome;
    } catch {
      return undefined;
    }
  }
}

type Failure = Exclude<RefreshOutcome, { kind: 'tokens' }>;

const refusal = ({ reason, message }: { reason: string; message: string }) => new TokenGrantError(reason, message);

const failure = (outcome: Failure): AuthentikError =>
  outcome.kind === 'refused' ? refusal(outcome) : new AuthentikUnavailableError(outcome.message, outcome);
