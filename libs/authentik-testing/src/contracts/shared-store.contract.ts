import assert from 'node:assert/strict';

import type { KeyValueStore } from 'nestjs-authentik';

import { type ContractCase, eventually, uniqueName } from './contract-case.js';

/** What stores do whose `isShared` is true, besides {@link storeContract}: two of them, as two processes open them. */
export const sharedStoreContract: readonly ContractCase<[one: KeyValueStore, two: KeyValueStore]>[] = [
  {
    name: 'say that they are shared',
    run: async (one, two) => {
      assert.deepEqual([one.isShared, two.isShared], [true, true]);
    },
  },
  {
    name: 'see the same values and the same indexes',
    run: async (one, two) => {
      const [key, index] = [uniqueName(), uniqueName()];
      await one.set(key, 'value', 10);
      assert.equal(await two.get(key), 'value');
      await two.delete(key);
      assert.equal(await one.get(key), undefined);
      const expiresAt = Math.floor(Date.now() / 1000) + 100;
      await one.addToIndex(index, 'member', expiresAt);
      assert.deepEqual([...(await two.readIndex(index))], [['member', expiresAt]]);
    },
  },
  {
    name: 'give one lock, and one value that is taken, to one of them',
    run: async (one, two) => {
      const [lock, ticket] = [uniqueName(), uniqueName()];
      const both = [one, two];
      const locked = await Promise.all(both.map((store) => store.compareAndSet(lock, undefined, 'mine', 10)));
      assert.equal(locked.filter(Boolean).length, 1);
      await one.set(ticket, 'value', 10);
      const taken = await Promise.all(both.map((store) => store.take(ticket)));
      assert.equal(taken.filter((value) => value !== undefined).length, 1);
    },
  },
  {
    name: 'hear each other',
    run: async (one, two) => {
      const channel = uniqueName();
      const heard: string[] = [];
      const end = await two.subscribe(channel, (message) => heard.push(message));
      await one.publish(channel, 'hello');
      await eventually(() => assert.deepEqual(heard, ['hello']));
      await end();
    },
  },
];
