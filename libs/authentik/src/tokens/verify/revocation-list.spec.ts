import { describe, expect, it } from 'vitest';

import { RevocationList } from './revocation-list.js';

describe('the revision of the list', () => {
  it('was never there before, be it that something is dropped in between, or added twice', () => {
    const list = new RevocationList();
    const seen = [list.revision];
    const add = (tokenHash: string, expiresAt: number) => {
      list.add({ kind: 'token', tokenHash }, expiresAt);
      seen.push(list.revision);
    };
    add('over', 1);
    // To read them drops what is over.
    expect(list.members.size).toBe(0);
    add('alive', Infinity);
    add('alive', Infinity);
    expect(new Set(seen).size).toBe(4);
  });
});
