import { randomBytes, randomInt } from 'node:crypto';

const LETTERS_AND_DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** @returns `length` random letters and digits: the form of client ids, secrets and refresh tokens */
export function randomLettersAndDigits(length: number): string {
  // 248 = 4 * 62: bytes above it would favour the first letters.
  let out = '';
  while (out.length < length) {
    for (const byte of randomBytes(length)) {
      if (byte < 248 && out.length < length) out += LETTERS_AND_DIGITS.charAt(byte % 62);
    }
  }
  return out;
}

/** @returns 32 lower-case hex characters: the form of codes and request ids */
export function randomHex(): string {
  return randomBytes(16).toString('hex');
}

const SYLLABLES = ['ba', 'do', 'fi', 'gu', 'ka', 'le', 'mi', 'no', 'pa', 'ru', 'sa', 'te', 'vi', 'wo', 'zu', 'ny'];

/** @returns a password that a person can read from a terminal and type: 48 bits in three words */
export function readablePassword(): string {
  return Array.from({ length: 3 }, randomWord).join('-');
}

function randomWord(): string {
  return Array.from({ length: 4 }, () => SYLLABLES[randomInt(SYLLABLES.length)]).join('');
}
