import { ArrayNotEmpty, IsArray, IsBoolean, IsOptional, Matches } from 'class-validator';

import type { AuthentikSessionOptions, ExpressSessionStore } from '../session-options.js';
import { Check, flag, say, whole } from './checks.js';

const cookieName = /^[\w.-]{1,64}$/u;
/** At least 32 characters, and not one of them over and over. */
const isStrongSecret = (value: unknown) =>
  typeof value === 'string' && value.length >= 32 && value.length <= 1024 && new Set(value).size >= 10;
const secretsRemedy =
  'Write ["…"] with the output of `openssl rand -base64 32`; to change it, put the new one before the old one.';

export class SessionOptionsSchema implements AuthentikSessionOptions {
  @IsOptional()
  @Check(
    'strongSecrets',
    (value) => Array.isArray(value) && value.every(isStrongSecret),
    say(
      'holds a secret that can be guessed: it has less than 32 characters, or hardly any different ones.',
      secretsRemedy,
    ),
  )
  @ArrayNotEmpty(say('is empty.', secretsRemedy))
  @IsArray(say('is not a list.', secretsRemedy))
  secrets?: string[];

  @IsOptional()
  @Matches(cookieName, say('is not a name for a cookie.', 'Take letters, digits, "-", "_" and ".".'))
  cookieName?: string;

  @IsOptional()
  @whole(60, 30 * 24 * 3600)
  idleSeconds?: number;

  @IsOptional()
  @whole(60, 90 * 24 * 3600)
  absoluteSeconds?: number;

  @IsOptional()
  @whole(5, 24 * 3600)
  membershipMaxAgeSeconds?: number;

  @IsOptional()
  @IsBoolean(flag('Leave it out to keep the ID token alone.'))
  keepTokens?: boolean;

  @IsOptional()
  @Check(
    'sessionStore',
    (value) =>
      ['get', 'set', 'destroy'].every(
        (method) => typeof (value as ExpressSessionStore | null)?.[method as 'get'] === 'function',
      ),
    say(
      'is not a store of express-session.',
      'Give an object with get, set and destroy, such as one of connect-redis.',
    ),
  )
  store?: ExpressSessionStore;

  @IsOptional()
  @IsBoolean(flag('Leave it out unless the app runs express-session itself.'))
  mount?: boolean;

  @IsOptional()
  @whole(0, 1_000_000)
  maxLoginsPerMinute?: number;

  @IsOptional()
  @whole(0, 1_000_000)
  maxCallbacksPerMinute?: number;

  @IsOptional()
  @whole(0, 1_000_000)
  maxLogoutTokensPerMinute?: number;
}
