import type { EmbeddedClock } from '../clock.js';
import type { Directory } from '../directory/directory.js';
import type { Issued } from '../issued/issued.js';
import type { TokenIssuer } from '../issued/token-issuer.js';
import type { Habits } from '../versions.js';

/** What every endpoint works on. */
export interface World {
  readonly habits: Habits;
  readonly clock: EmbeddedClock;
  readonly directory: Directory;
  readonly issued: Issued;
  readonly tokens: TokenIssuer;
}
