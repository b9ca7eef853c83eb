import { authorizeLines } from './authorize.js';
import { claimLines } from './claims.js';
import { deviceLines } from './device.js';
import { endSessionLines } from './end-session.js';
import { endingLines } from './endings.js';
import type { Lines } from './line.js';
import { pathLines } from './paths.js';
import { resourceLines } from './resource.js';
import { tokenLines } from './token.js';

/** All lines, by number. */
export const LINES: Lines = {
  ...pathLines,
  ...authorizeLines,
  ...tokenLines,
  ...claimLines,
  ...resourceLines,
  ...deviceLines,
  ...endSessionLines,
  ...endingLines,
};

/** Lines that are not emulated yet, and why. */
export const LATER: Readonly<Record<number, string>> = {
  31: 'dynamic client registration',
  32: 'the admin API',
  33: 'the admin API',
};
