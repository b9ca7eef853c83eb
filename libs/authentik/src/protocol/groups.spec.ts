import { describe, expect, it } from 'vitest';

import { isInAnyGroup } from './groups.js';

describe('being in any of some groups', () => {
  it.each([
    [['staff', 'admins'], ['admins'], true],
    [['staff'], ['admins', 'staff'], true],
    [['staff'], ['admins'], false],
    [['staff'], ['Staff', 'staf', ''], false],
    [[], ['staff'], false],
    [['staff'], [], false],
  ])('of %j is, for %j, %j', (userGroups, groups, expected) => {
    expect(isInAnyGroup(userGroups, groups)).toBe(expected);
  });

  it('is nothing that a text decides, letter by letter or in part', () => {
    const text = 'staff' as unknown as string[];
    expect(() => isInAnyGroup(['s'], text)).toThrow(TypeError);
    expect(() => isInAnyGroup(text, ['staf'])).toThrow(TypeError);
  });
});
