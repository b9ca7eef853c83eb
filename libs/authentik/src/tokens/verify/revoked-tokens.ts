import { hash } from 'node:crypto';

import { decodeJwt } from 'jose';

/** How long a token is kept that does not say when it expires, in milliseconds. */
const unknownLifeMs = 24 * 3600 * 1000;

/** Tokens that this process revoked: a signature proves nothing of that. Kept by hash, until they expire by themselves. */
export class RevokedTokens {
  private readonly untilMs = new Map<string, number>();

  constructor(private readonly clockToleranceSeconds: number) {}

  has(token: string): boolean {
    return this.untilMs.size > 0 && this.untilMs.has(hash('sha256', token, 'base64url'));
  }

  add(token: string): void {
    const now = Date.now();
    for (const [id, untilMs] of this.untilMs) if (untilMs <= now) this.untilMs.delete(id);
    this.untilMs.set(hash('sha256', token, 'base64url'), this.endOf(token) ?? now + unknownLifeMs);
  }

  private endOf(token: string): number | undefined {
    try {
      const { exp } = decodeJwt(token);
      return typeof exp === 'number' ? (exp + this.clockToleranceSeconds + 1) * 1000 : undefined;
    } catch {
      return undefined;
    }
  }
}
