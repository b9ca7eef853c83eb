import { Inject, Injectable, type OnApplicationShutdown, type Provider } from '@nestjs/common';

import { AUTHENTIK_OPTIONS, AUTHENTIK_STORE } from '../authentik.constants.js';
import { AuthentikLogger } from '../observability/authentik-logger.js';
import type { KeyValueStore } from './key-value-store.js';
import { openStore } from './open-store.js';

/** Closes the store with the app, after everybody who may still write. */
@Injectable()
class StoreClosing implements OnApplicationShutdown {
  constructor(@Inject(AUTHENTIK_STORE) private readonly store: KeyValueStore) {}

  async onApplicationShutdown(): Promise<void> {
    await this.store.close();
  }
}

export const storeProviders: Provider[] = [
  { provide: AUTHENTIK_STORE, inject: [AUTHENTIK_OPTIONS, AuthentikLogger], useFactory: openStore },
  StoreClosing,
];
