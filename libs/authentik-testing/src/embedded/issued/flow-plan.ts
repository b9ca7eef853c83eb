import type { Application, User } from '../directory/entries.js';
import type { AuthorizationParameters } from './authorization-parameters.js';
import type { DeviceCode } from './device-code.js';

/** What a flow can ask or do, one after the other. */
export type StageName =
  | 'identification'
  | 'password'
  | 'mfa-validation'
  | 'user-login'
  | 'consent'
  | 'consent-always'
  | 'authorization-answer'
  | 'device-code'
  | 'device-code-finish';

/** A way through a flow that a browser is on: data alone. It lives in the session, for scripts and for pages. */
export interface FlowPlan {
  readonly flowSlug: string;
  /** What is left, in order. */
  readonly stages: StageName[];
  /** Application that it is about. */
  readonly application?: Application;
  /** Authorization request that it answers at its end. */
  readonly parameters?: AuthorizationParameters;
  /** Device that it lets in. */
  readonly device?: DeviceCode;
  /** What was typed as a name. The person may not exist; that is not told. */
  pendingUserIdentifier?: string;
  pendingUser?: User;
  /** Wrong passwords so far. */
  failedAttempts: number;
  /** Comes back with the consent; every challenge has a new one, and only the latest counts. */
  consentToken?: string;
}
