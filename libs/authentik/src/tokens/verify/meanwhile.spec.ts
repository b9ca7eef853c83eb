import { setImmediate as nextTurn } from 'node:timers/promises';

import { describe, expect, it } from 'vitest';

import { meanwhile } from './meanwhile.js';

describe('work that is done meanwhile', () => {
  it('comes after the promises that are due, and before anything else happens', async () => {
    const order: string[] = [];
    const something = nextTurn().then(() => order.push('something else'));
    const result = meanwhile(() => order.push('work'));
    await (async () => {
      for (let hop = 0; hop < 20; hop += 1) await Promise.resolve();
      order.push('promises');
    })();
    await something;
    expect(order).toEqual(['promises', 'work', 'something else']);
    expect(result()).toBe(2);
  });

  it('is done when it is asked for before, and once only', async () => {
    let times = 0;
    const result = meanwhile(() => (times += 1));
    expect(result()).toBe(1);
    await nextTurn();
    expect(result()).toBe(1);
  });

  it('fails where it is asked for, and nowhere else', async () => {
    const result = meanwhile(() => {
      throw new TypeError('no');
    });
    await nextTurn();
    expect(result).toThrow('no');
  });
});
