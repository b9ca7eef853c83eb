import type { AuthentikUser } from '../../protocol/user.js';
import { tailOf } from './verified-tokens.js';

interface Judgement {
  readonly accessToken: string;
  /** Absent until it has begun to wait. */
  judging: Promise<AuthentikUser> | undefined;
}

/**
 * Tokens that are being judged: a page that loads sends one many times at once, and one judgement serves all of them.
 *
 * They are found by their end, for a hash of the whole token, which a Map would make, is dear for a text of such a
 * length. A token that ends as another one under way is judged by itself.
 */
export class JudgementsUnderWay {
  /** Mostly there is no other, and to compare two tokens costs less than any Map. */
  private first: Judgement | undefined;
  private readonly byTail = new Map<string, Judgement>();

  find(accessToken: string): Promise<AuthentikUser> | undefined {
    if (this.first?.accessToken === accessToken) return this.first.judging;
    if (this.byTail.size === 0) return undefined;
    const judgement = this.byTail.get(tailOf(accessToken));
    return judgement?.accessToken === accessToken ? judgement.judging : undefined;
  }

  /** @param judge calls {@link end}, be it before it has waited for anything: a judgement that stayed would never expire */
  begin(accessToken: string, judge: () => Promise<AuthentikUser>): Promise<AuthentikUser> {
    const judgement: Judgement = { accessToken, judging: undefined };
    if (this.first === undefined) this.first = judgement;
    else {
      const tail = tailOf(accessToken);
      if (!this.byTail.has(tail)) this.byTail.set(tail, judgement);
    }
    return (judgement.judging = judge());
  }

  end(accessToken: string): void {
    if (this.first?.accessToken === accessToken) {
      this.first = undefined;
      return;
    }
    const tail = tailOf(accessToken);
    if (this.byTail.get(tail)?.accessToken === accessToken) this.byTail.delete(tail);
  }
}
