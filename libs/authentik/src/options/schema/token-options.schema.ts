import { IsBoolean, IsIn, IsOptional } from 'class-validator';

import { type AuthentikTokenOptions, type TokenValidation, tokenValidations } from '../token-options.js';
import { flag, say, whole } from './checks.js';

export class TokenOptionsSchema implements AuthentikTokenOptions {
  @IsOptional()
  @IsIn(tokenValidations, say('is not a way to judge tokens.', `Take one of ${tokenValidations.join(', ')}.`))
  validation?: TokenValidation;

  @IsOptional()
  @whole(0, 3600)
  introspectionTtlSeconds?: number;

  @IsOptional()
  @whole(0, 1_000_000)
  cacheMaxEntries?: number;

  @IsOptional()
  @IsBoolean(flag('Leave it out to keep all claims.'))
  keepClaims?: boolean;

  @IsOptional()
  @IsBoolean(flag('Leave it out: choose a "Signing Key" in the provider instead.'))
  acceptHs256?: boolean;

  @IsOptional()
  @whole(0, 300)
  clockToleranceSeconds?: number;

  @IsOptional()
  @whole(0, 7 * 24 * 3600)
  staleKeysSeconds?: number;

  @IsOptional()
  @whole(0, 3600)
  revocationStaleSeconds?: number;

  @IsOptional()
  @IsBoolean(flag('Leave it out: with "clientSecret", introspection judges those tokens.'))
  dangerouslyAcceptUserInfo?: boolean;
}
