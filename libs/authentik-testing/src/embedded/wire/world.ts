import type { EmbeddedClock } from '../clock.js';
import type { Directory } from '../directory/directory.js';
import type { SessionEnds } from '../ends/session-ends.js';
import type { Issued } from '../issued/issued.js';
import type { TokenIssuer } from '../issued/token-issuer.js';
import type { Habits } from '../versions.js';

/** What an administrator sets for the whole host. */
export interface Brand {
  /** Slug of the application that WebFinger names as the issuer. */
  defaultApplication?: string | undefined;
  /** Slug of the flow in which people type the code of a device; without one `/device` is not found. */
  deviceCodeFlow?: string | undefined;
}

/** What every endpoint works on. */
export interface World {
  readonly habits: Habits;
  readonly clock: EmbeddedClock;
  readonly directory: Directory;
  readonly issued: Issued;
  readonly tokens: TokenIssuer;
  readonly ends: SessionEnds;
  readonly brand: Brand;
}
