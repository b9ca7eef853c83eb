import { hash, hkdfSync } from 'node:crypto';

import { Inject, Injectable } from '@nestjs/common';

import { AUTHENTIK_OPTIONS } from '../../authentik.constants.js';
import type { ResolvedAuthentikOptions } from '../../options/index.js';

/** A key that seals, and the name that its seals carry. */
export interface SealingKey {
  readonly kid: string;
  readonly key: Uint8Array;
}

/** The keys that come of `session.secrets`, the newest first. One secret never serves two purposes. */
@Injectable()
export class SessionSecrets {
  /** For the signatures of cookies. */
  readonly signing: readonly string[];
  readonly sealing: readonly SealingKey[];

  constructor(@Inject(AUTHENTIK_OPTIONS) { session }: ResolvedAuthentikOptions) {
    const secrets = session?.secrets ?? [];
    this.signing = secrets.map((secret) => Buffer.from(derive(secret, 'cookie')).toString('base64url'));
    this.sealing = secrets.map((secret) => {
      const key = derive(secret, 'tokens');
      return { key, kid: hash('sha256', key, 'base64url').slice(0, 8) };
    });
  }
}

/** @see RFC 5869 */
function derive(secret: string, purpose: string): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', secret, '', `nestjs-authentik session ${purpose} 1`, 32));
}
