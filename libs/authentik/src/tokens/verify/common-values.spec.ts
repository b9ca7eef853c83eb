import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import type { AuthentikClaims } from '../../protocol/claims.types.js';
import { CommonValues } from './common-values.js';

const shared = ['iss', 'aud', 'azp', 'scope', 'acr', 'amr', 'groups', 'sub', 'sid', 'email', 'name', 'nickname'];

/** Few values, so that they meet, and some that look like others: a separator in a name, a list of one. */
const text = fc.constantFrom('', 'a', 'b', 'a b', 'a,b', 'a","b', '["a"]', '__proto__');
const value = fc.oneof(
  text,
  fc.array(text, { maxLength: 3 }),
  fc.constantFrom(null, 1, true),
  fc.array(fc.jsonValue()),
);
const claims = fc.dictionary(fc.constantFrom(...shared, 'jti', 'locale'), value).map((some) => ({ sub: 'a', ...some }));

const make = (sub: string) => ({ iss: 'i', sub, aud: 'a', exp: 1, groups: ['staff', 'admins'] });

describe('what tokens have in common', () => {
  it('is the same after sharing as before, whatever other tokens said', () => {
    fc.assert(
      fc.property(fc.array(claims, { minLength: 1, maxLength: 20 }), (tokens) => {
        const common = new CommonValues();
        for (const token of tokens) {
          const before = structuredClone(token);
          const own = token as unknown as AuthentikClaims;
          if (common.share(own)) common.learn(own);
          expect(own).toStrictEqual(before);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('is one copy, which nobody can change', () => {
    const common = new CommonValues();
    const first = make('alice');
    expect(common.share(first)).toBe(true);
    common.learn(first);
    expect(Object.isFrozen(first.groups)).toBe(true);

    const again = make('alice');
    expect(common.share(again)).toBe(false);
    expect(again.groups).toBe(first.groups);

    const other = make('bob');
    expect(common.share(other)).toBe(true);
    expect(other.groups).toBe(first.groups);
  });

  it('is not learned from a token that only shared', () => {
    const common = new CommonValues();
    const unproved = make('alice');
    common.share(unproved);
    const next = make('alice');
    expect(common.share(next)).toBe(true);
    expect(next.groups).not.toBe(unproved.groups);
  });
});
