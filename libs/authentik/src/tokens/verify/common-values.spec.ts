import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import type { AuthentikClaims } from '../../protocol/claims.types.js';
import { CommonValues } from './common-values.js';

const ofApplication = ['iss', 'aud', 'azp', 'scope', 'acr', 'amr', 'groups'];
const ofPerson = ['sid', 'email', 'name', 'preferred_username', 'given_name', 'family_name'];
const shared = [...ofApplication, ...ofPerson];

/** Few values, so that they meet, and some that look like others: a separator in a name, a list of one. */
const text = fc.constantFrom('', 'a', 'b', 'a b', 'a,b', 'a","b', '["a"]', '__proto__');
const value = fc.oneof(
  text,
  fc.array(text, { maxLength: 3 }),
  fc.constantFrom(null, 1, true),
  fc.array(fc.jsonValue()),
);
const claims = fc
  .tuple(fc.constantFrom('a', 'b', '__proto__'), fc.dictionary(fc.constantFrom(...shared, 'jti', 'locale'), value))
  .map(([sub, some]) => ({ sub, ...some }));

const make = (sub: string) => ({ iss: 'i', sub, aud: 'a', exp: 1, groups: ['staff', 'admins'] });

/** With a list, for two texts that are alike cannot be told apart. */
const called = (name: string): AuthentikClaims => ({ ...make('alice'), name: [name] as unknown as string });

/** What the last two of three tokens, which say the same, have of a claim once they are shared. */
function share(common: CommonValues, name: string) {
  // Lists, for two texts that are alike cannot be told apart.
  const tokens = [['said'], ['else'], ['else']].map((said) => ({ ...make('alice'), [name]: said }));
  for (const token of tokens) common.share(token);
  const [, other, next] = tokens.map((token) => (token as Record<string, unknown>)[name]);
  return { other, next };
}

describe('what tokens have in common', () => {
  it('is the same after sharing as before, whatever other tokens said', () => {
    fc.assert(
      fc.property(fc.array(claims, { minLength: 1, maxLength: 20 }), fc.boolean(), (tokens, sharesOfPerson) => {
        const common = new CommonValues(sharesOfPerson);
        for (const token of tokens) {
          const before = structuredClone(token);
          const own = token as unknown as AuthentikClaims;
          common.share(own);
          expect(own).toStrictEqual(before);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('is one copy, which nobody can change', () => {
    const common = new CommonValues(false);
    const first = make('alice');
    common.share(first);
    expect(Object.isFrozen(first.groups)).toBe(true);

    for (const name of ['alice', 'bob']) {
      const next = make(name);
      common.share(next);
      expect(next.groups).toBe(first.groups);
    }
  });

  it.each(shared)('is one copy of %s, whatever stands in the others', (name) => {
    const { other, next } = share(new CommonValues(true), name);
    expect(next).toStrictEqual(['else']);
    expect(next).toBe(other);
  });

  it.each(ofApplication)('is one copy of %s where it is what the tokens of an application say alike', (name) => {
    const { other, next } = share(new CommonValues(false), name);
    expect(next).toBe(other);
  });

  it.each(ofPerson)('is not %s where only what the tokens of an application say alike is shared', (name) => {
    const { other, next } = share(new CommonValues(false), name);
    expect(next).toStrictEqual(other);
    expect(next).not.toBe(other);
  });

  it('is what a person is told to have now, and not what it was before', () => {
    const common = new CommonValues(true);
    common.share(called('al'));
    const renamed = called('ali');
    common.share(renamed);
    const next = called('ali');
    common.share(next);
    expect(next.name).toBe(renamed.name);
  });
});
