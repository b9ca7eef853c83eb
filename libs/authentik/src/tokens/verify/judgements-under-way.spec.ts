import { describe, expect, it } from 'vitest';

import type { AuthentikUser } from '../../protocol/user.js';
import { JudgementsUnderWay } from './judgements-under-way.js';

/** Tokens that end alike. */
const [one, two, three] = ['one', 'two', 'three'].map((name) => `${name}.signature`) as [string, string, string];
const never = () => new Promise<AuthentikUser>(() => undefined);

describe('judgements under way', () => {
  it('are found by the whole token, and serve until they end', () => {
    const underWay = new JudgementsUnderWay();
    const begun = [one, two].map((token) => ({ token, judging: underWay.begin(token, never) }));
    for (const { token, judging } of begun) expect(underWay.find(token)).toBe(judging);
    expect(underWay.find(three)).toBeUndefined();
    for (const { token } of begun) {
      underWay.end(token);
      expect(underWay.find(token)).toBeUndefined();
    }
  });

  it('are not ended by another token that ends alike', () => {
    const underWay = new JudgementsUnderWay();
    const [first, second] = [underWay.begin(one, never), underWay.begin(two, never)];
    underWay.end(three);
    expect(underWay.find(one)).toBe(first);
    expect(underWay.find(two)).toBe(second);
  });

  it.each([[[one]], [[two, one]]])('do not stay where they end before they wait, with %j', (tokens) => {
    const underWay = new JudgementsUnderWay();
    for (const token of tokens.slice(0, -1)) void underWay.begin(token, never);
    void underWay.begin(one, () => {
      underWay.end(one);
      return never();
    });
    expect(underWay.find(one)).toBeUndefined();
  });
});
