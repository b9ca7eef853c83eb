// What a store of one's own has to keep, by sentences that any test runner can loop over.
export type { ContractCase } from './contract-case.js';
export { storeContract } from './store.contract.js';
export { sharedStoreContract } from './shared-store.contract.js';
export { unreachableStoreContract } from './unreachable-store.contract.js';
