import type { StageName } from '../../issued/flow-plan.js';
import type { Stage } from '../stage.js';
import { authorizationAnswer } from './authorization-answer.js';
import { consent, consentAlways } from './consent.js';
import { deviceCode, deviceCodeFinish } from './device.js';
import { identification } from './identification.js';
import { password } from './password.js';
import { mfaValidation, userLogin } from './silent.js';

/** What each stage does. */
export const STAGES: Readonly<Record<StageName, Stage>> = {
  identification,
  password,
  'mfa-validation': mfaValidation,
  'user-login': userLogin,
  consent,
  'consent-always': consentAlways,
  'authorization-answer': authorizationAnswer,
  'device-code': deviceCode,
  'device-code-finish': deviceCodeFinish,
};
