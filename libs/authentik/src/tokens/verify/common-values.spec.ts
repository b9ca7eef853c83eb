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

describe('what tokens have in common', () => {
  it('is the same after sharing as before, whatever other tokens said', () => {
    fc.assert(
      fc.property(fc.array(claims, { minLength: 1, maxLength: 20 }), (tokens) => {
        const common = new CommonValues();
        for (const token of tokens) {
          const before = structuredClone(token);
          expect(common.share(token as unknown as AuthentikClaims)).toStrictEqual(before);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('is one copy, which nobody can change', () => {
    const common = new CommonValues();
    const make = () => common.share({ iss: 'i', sub: 's', aud: 'a', exp: 1, groups: ['staff', 'admins'] });
    const { groups } = make();
    expect(make().groups).toBe(groups);
    expect(Object.isFrozen(groups)).toBe(true);
  });
});
