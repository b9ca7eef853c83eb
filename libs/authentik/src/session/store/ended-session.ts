import type { AuthentikUser } from '../../protocol/user.js';
import type { SessionTokens } from '../tokens/sealed-tokens.js';

/** A session that was ended. */
export interface EndedSession {
  /** Id of the express-session. */
  readonly sid: string;
  readonly user: AuthentikUser;
  /** What it kept, for them to be revoked. */
  readonly tokens: SessionTokens;
}
