import type { INestApplication } from '@nestjs/common';

import { AUTHENTIK_OPTIONS } from '../../libs/authentik/src/authentik.constants.js';
import { AuthentikDiscovery } from '../../libs/authentik/src/discovery/authentik-discovery.js';
import type { ResolvedAuthentikOptions } from '../../libs/authentik/src/options/index.js';
import { SigningKeys } from '../../libs/authentik/src/tokens/verify/signing-keys.js';

/** Waits for what an app asks of Authentik in the background of its start, so that a test can count from here. Asks nothing itself. */
export async function firstContact(app: INestApplication): Promise<void> {
  const { tokens } = app.get<ResolvedAuthentikOptions>(AUTHENTIK_OPTIONS);
  const asked =
    tokens.validation === 'introspect' || tokens.acceptHs256
      ? [app.get(AuthentikDiscovery).configuration()]
      : app.get(SigningKeys).all.map((keys) => keys.ready());
  await Promise.allSettled(asked);
}
