import { Injectable } from '@nestjs/common';
import { compactDecrypt } from 'jose/jwe/compact/decrypt';
import { CompactEncrypt } from 'jose/jwe/compact/encrypt';

import { SessionSecrets } from './session-secrets.js';

/** What Authentik gave for a session. */
export interface SessionTokens {
  readonly idToken?: string;
  /** Only with `keepTokens`. */
  readonly accessToken?: string;
  /** Only with `keepTokens`, and where `offline_access` was granted. */
  readonly refreshToken?: string;
  /** When the access token expires, in epoch seconds. */
  readonly accessTokenExpiresAt?: number;
}

const longestSealCharacters = 64 * 1024;

/** Encrypts the tokens of a session, so that the store alone is of no use to whoever reads it. */
@Injectable()
export class TokenSealer {
  constructor(private readonly secrets: SessionSecrets) {}

  /** @param sid the session that they are of; sealed in, so that no other session can be given them */
  async seal(sid: string, tokens: SessionTokens): Promise<string> {
    const [newest] = this.secrets.sealing;
    if (newest === undefined) throw new TypeError('There is no secret to seal with.');
    return new CompactEncrypt(new TextEncoder().encode(JSON.stringify({ sid, ...tokens })))
      .setProtectedHeader({ alg: 'dir', enc: 'A256GCM', kid: newest.kid })
      .encrypt(newest.key);
  }

  /** @returns `undefined` for what none of our secrets has sealed, or was sealed for another session */
  async open(sid: string, sealed: unknown): Promise<SessionTokens | undefined> {
    if (typeof sealed !== 'string' || sealed.length > longestSealCharacters) return undefined;
    try {
      const { plaintext } = await compactDecrypt(
        sealed,
        ({ kid }) => {
          const found = this.secrets.sealing.find((candidate) => candidate.kid === kid);
          if (found === undefined) throw new RangeError('Sealed with a secret that is gone.');
          return found.key;
        },
        { keyManagementAlgorithms: ['dir'], contentEncryptionAlgorithms: ['A256GCM'] },
      );
      const { sid: of, ...tokens } = JSON.parse(new TextDecoder().decode(plaintext)) as SessionTokens & {
        sid?: string;
      };
      return of === sid ? tokens : undefined;
    } catch {
      return undefined;
    }
  }
}
