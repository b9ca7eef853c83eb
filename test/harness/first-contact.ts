import type { INestApplication } from '@nestjs/common';

import { AuthentikDiscovery } from '../../libs/authentik/src/discovery/authentik-discovery.js';

/** Waits for what an app asks of Authentik in the background of its start, so that a test can count from here. Asks nothing itself. */
export async function firstContact(app: INestApplication): Promise<void> {
  await app
    .get(AuthentikDiscovery)
    .configuration()
    .catch(() => undefined);
}
