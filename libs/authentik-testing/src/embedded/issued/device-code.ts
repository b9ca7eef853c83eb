import type { Provider, User } from '../directory/entries.js';
import type { Expiring } from './expiring-map.js';

/** A device that waits for somebody to let it in. Kept for a while after its end, as only a clean-up job removes it. */
export interface DeviceCode extends Expiring {
  readonly deviceCode: string;
  /** Nine digits. */
  readonly userCode: string;
  readonly provider: Provider;
  /** As asked: not held against what the provider has. */
  readonly scopes: readonly string[];
  readonly validUntilMs: number;
  /** Who agreed. */
  user?: User;
}
