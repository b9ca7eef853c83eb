import { AuthentikTestingError } from '../errors.js';

const SECONDS_IN: Readonly<Record<string, number>> = {
  milliseconds: 0.001,
  seconds: 1,
  minutes: 60,
  hours: 3600,
  days: 86_400,
  weeks: 604_800,
};

/**
 * Reads Authentik's duration strings.
 * @param duration such as `hours=1` or `hours=1;minutes=30`
 * @returns seconds
 * @throws {AuthentikTestingError} not in that form
 */
export function durationSeconds(duration: string): number {
  let seconds = 0;
  for (const part of duration.split(';').filter((piece) => piece.trim() !== '')) {
    const [unit = '', amount = ''] = part.trim().split('=');
    const factor = SECONDS_IN[unit];
    if (factor === undefined || !/^-?\d+(\.\d+)?$/.test(amount)) {
      throw new AuthentikTestingError(
        'ERR_AUTHENTIK_TESTING_CONFIG',
        `'${duration}' is not a duration. Authentik writes them as 'hours=1;minutes=30'; units: ${Object.keys(SECONDS_IN).join(', ')}.`,
      );
    }
    seconds += factor * Number(amount);
  }
  return seconds;
}
