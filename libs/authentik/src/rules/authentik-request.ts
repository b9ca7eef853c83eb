import type { IncomingMessage } from 'node:http';

import type { AuthentikUser } from '../protocol/user.js';

/** A request that passed {@link AuthentikAuthGuard}. */
export interface AuthentikRequest extends IncomingMessage {
  readonly user: AuthentikUser;
}
