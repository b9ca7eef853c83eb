import assert from 'node:assert/strict';

import type { KeyValueStore } from 'nestjs-authentik';

import { type ContractCase, eventually, uniqueName } from './contract-case.js';

const attempts = 50;
const nowSeconds = () => Date.now() / 1000;
const namesIn = async (store: KeyValueStore, key: string) => [...(await store.readIndex(key)).keys()].toSorted();

/**
 * What every `KeyValueStore` does, whatever it keeps its values in. Each case needs a store that is within reach.
 * @example
 * describe.each(storeContract)('a store', ({ name, run }) => {
 *   it(name, async () => {
 *     const store = await open();
 *     await run(store).finally(() => store.close());
 *   });
 * });
 */
export const storeContract: readonly ContractCase<[store: KeyValueStore]>[] = [
  {
    name: 'is within reach',
    run: async (store) => {
      assert.equal(store.isReachable, true);
      assert.equal(store.unreachableForMs, 0);
    },
  },
  {
    name: 'gives back what was set, byte for byte, and nothing for what was not',
    run: async (store) => {
      const key = uniqueName();
      const value = 'grüße\u0000\r\n{"a":1}';
      await store.set(key, value, 10);
      assert.equal(await store.get(key), value);
      assert.equal(await store.get(uniqueName()), undefined);
    },
  },
  {
    name: 'keeps an empty value apart from none',
    run: async (store) => {
      const key = uniqueName();
      await store.set(key, '', 10);
      assert.equal(await store.get(key), '');
      assert.equal(await store.compareAndSet(key, undefined, 'x', 10), false);
      assert.equal(await store.compareAndSet(key, '', 'x', 10), true);
    },
  },
  {
    name: 'ends a value with its time, and lets a new one begin anew',
    run: async (store) => {
      const [short, renewed] = [uniqueName(), uniqueName()];
      await store.set(short, 'value', 0.05);
      await store.set(renewed, 'value', 0.05);
      await store.set(renewed, 'value', 10);
      await eventually(async () => assert.equal(await store.get(short), undefined));
      assert.equal(await store.get(renewed), 'value');
    },
  },
  {
    name: 'takes a value without time left as one whose time is over',
    run: async (store) => {
      const key = uniqueName();
      await store.set(key, 'value', 10);
      await store.set(key, 'newer', 0);
      assert.equal(await store.get(key), undefined);
      assert.equal(await store.compareAndSet(key, undefined, 'value', -1), true);
      assert.equal(await store.get(key), undefined);
      await store.set(key, 'value', 10);
      assert.equal(await store.compareAndSet(key, 'value', 'newer', 0), true);
      assert.equal(await store.get(key), undefined);
    },
  },
  {
    name: 'lets one of many have a lock, and another one when it is over',
    run: async (store) => {
      const key = uniqueName();
      const tries = await Promise.all(
        Array.from({ length: attempts }, (_, index) => store.compareAndSet(key, undefined, String(index), 10)),
      );
      assert.equal(tries.filter(Boolean).length, 1);
      assert.equal(await store.get(key), String(tries.indexOf(true)));
      await store.delete(key);
      assert.equal(await store.compareAndSet(key, undefined, 'next', 0.05), true);
      await eventually(async () => assert.equal(await store.compareAndSet(key, undefined, 'last', 10), true));
    },
  },
  {
    name: 'replaces a value only if it is the expected one still',
    run: async (store) => {
      const key = uniqueName();
      await store.set(key, 'a', 10);
      assert.equal(await store.compareAndSet(key, 'b', 'c', 10), false);
      assert.equal(await store.get(key), 'a');
      const tries = await Promise.all(
        Array.from({ length: attempts }, (_, index) => store.compareAndSet(key, 'a', `new ${index}`, 10)),
      );
      assert.equal(tries.filter(Boolean).length, 1);
      assert.equal(await store.get(key), `new ${tries.indexOf(true)}`);
      assert.equal(await store.compareAndSet(uniqueName(), 'a', 'b', 10), false);
    },
  },
  {
    name: 'gives a value that is taken to one of many',
    run: async (store) => {
      const key = uniqueName();
      await store.set(key, 'value', 10);
      const taken = await Promise.all(Array.from({ length: attempts }, () => store.take(key)));
      assert.deepEqual(
        taken.filter((value) => value !== undefined),
        ['value'],
      );
      assert.equal(await store.get(key), undefined);
    },
  },
  {
    name: 'deletes, and does not mind what is not there',
    run: async (store) => {
      const key = uniqueName();
      await store.set(key, 'value', 10);
      await store.delete(key);
      await store.delete(key);
      assert.equal(await store.get(key), undefined);
    },
  },
  {
    name: 'keeps the members of an index, each for its own time, the later one if there are two',
    run: async (store) => {
      const key = uniqueName();
      const later = Math.floor(nowSeconds()) + 100;
      await store.addToIndex(key, 'over', nowSeconds() - 1);
      await store.addToIndex(key, 'long', later);
      await store.addToIndex(key, 'long', later - 50);
      await store.addToIndex(key, 'brief', nowSeconds() + 0.5);
      assert.deepEqual(await namesIn(store, key), ['brief', 'long']);
      assert.equal((await store.readIndex(key)).get('long'), later);
      await eventually(async () => assert.deepEqual(await namesIn(store, key), ['long']));
      await store.removeFromIndex(key, 'long');
      await store.removeFromIndex(key, 'long');
      assert.equal((await store.readIndex(key)).size, 0);
      assert.equal((await store.readIndex(uniqueName())).size, 0);
    },
  },
  {
    name: 'tells all who listen to a channel, itself included, until they end it',
    run: async (store) => {
      const channel = uniqueName();
      const heard: string[] = [];
      const listen = (name: string, to: string) => store.subscribe(to, (message) => heard.push(`${name} ${message}`));
      const endOne = await listen('one', channel);
      const endTwo = await listen('two', channel);
      const endOther = await listen('other', uniqueName());
      await store.publish(channel, 'a');
      await eventually(() => assert.deepEqual(heard.toSorted(), ['one a', 'two a']));
      await endOne();
      await store.publish(channel, 'b');
      await eventually(() => assert.ok(heard.includes('two b')));
      assert.ok(!heard.includes('one b'));
      await Promise.all([endTwo(), endOther()]);
    },
  },
];
