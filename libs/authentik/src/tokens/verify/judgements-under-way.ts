import type { AuthentikUser } from '../../protocol/user.js';

interface Judgement {
  readonly accessToken: string;
  readonly judging: Promise<AuthentikUser>;
}

/**
 * Tokens that are being judged: a page that loads sends one many times at once, and one judgement serves all of them.
 *
 * They are found by their signature, for a hash of the whole token, which a Map would make, is dear for a text of such
 * a length. A token that has the signature of another one under way is judged by itself.
 */
export class JudgementsUnderWay {
  private readonly bySignature = new Map<string, Judgement>();

  find(accessToken: string): Promise<AuthentikUser> | undefined {
    if (this.bySignature.size === 0) return undefined;
    const judgement = this.bySignature.get(signatureOf(accessToken));
    return judgement?.accessToken === accessToken ? judgement.judging : undefined;
  }

  begin(accessToken: string, judging: Promise<AuthentikUser>): void {
    const signature = signatureOf(accessToken);
    if (!this.bySignature.has(signature)) this.bySignature.set(signature, { accessToken, judging });
  }

  end(accessToken: string): void {
    const signature = signatureOf(accessToken);
    if (this.bySignature.get(signature)?.accessToken === accessToken) this.bySignature.delete(signature);
  }
}

/** What follows the last dot; all of a token that has none. */
const signatureOf = (accessToken: string) => accessToken.slice(accessToken.lastIndexOf('.') + 1);
