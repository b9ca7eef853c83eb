import assert from 'node:assert/strict';

import type { KeyValueStore } from 'nestjs-authentik';

import { type ContractCase, uniqueName } from './contract-case.js';

const commands: Readonly<Record<string, (store: KeyValueStore, key: string) => Promise<unknown>>> = {
  get: (store, key) => store.get(key),
  set: (store, key) => store.set(key, 'lost', 10),
  compareAndSet: (store, key) => store.compareAndSet(key, undefined, 'lost', 10),
  take: (store, key) => store.take(key),
  delete: (store, key) => store.delete(key),
  addToIndex: (store, key) => store.addToIndex(key, 'lost', Date.now() / 1000 + 10),
  removeFromIndex: (store, key) => store.removeFromIndex(key, 'lost'),
  readIndex: (store, key) => store.readIndex(key),
  publish: (store, key) => store.publish(key, 'lost'),
};

/** What a store does while it is out of reach: each case needs one whose `isReachable` is false. */
export const unreachableStoreContract: readonly ContractCase<[store: KeyValueStore]>[] = [
  {
    name: 'says so, and for how long',
    run: async (store) => {
      assert.equal(store.isReachable, false);
      assert.ok(store.unreachableForMs > 0);
    },
  },
  ...Object.entries(commands).map(([command, call]) => ({
    name: `fails ${command}() with an AuthentikUnavailableError`,
    run: (store: KeyValueStore) =>
      assert.rejects(call(store, uniqueName()), { code: 'ERR_AUTHENTIK_UNAVAILABLE' }, `${command}()`),
  })),
  {
    name: 'lets people listen all the same, and stop',
    run: async (store) => {
      const end = await store.subscribe(uniqueName(), () => undefined);
      await end();
    },
  },
];
