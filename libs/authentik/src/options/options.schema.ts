// Only `resolve-options.ts` imports this file, and only when a module starts: class-validator takes longer to load
// than the rest of this library together.
import {
  ArrayNotEmpty,
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsNotEmpty,
  IsOptional,
  IsString,
  Matches,
  Max,
  Min,
  registerDecorator,
  ValidateNested,
  type ValidationOptions,
} from 'class-validator';

import {
  type AuthentikLogLevel,
  authentikLogLevels,
  type AuthentikOptions,
  type AuthentikTokenOptions,
} from './authentik-options.js';
import { isAuthentikUrl, isOrigin } from './urls.js';

const say = (message: string, remedy: string): ValidationOptions => ({ message, context: { remedy } });
const flag = (remedy: string) => say('is neither true nor false.', remedy);

function Check(name: string, test: (value: unknown) => boolean, options: ValidationOptions): PropertyDecorator {
  return (target, propertyName) => {
    registerDecorator({
      name,
      target: target.constructor,
      propertyName: String(propertyName),
      options,
      validator: { validate: test },
    });
  };
}

const whole = (min: number, max: number) => {
  const options = say(`is not a whole number from ${min} to ${max}.`, 'Leave it out for the default.');
  return (target: object, propertyName: string) => {
    for (const decorate of [IsInt(options), Min(min, options), Max(max, options)]) decorate(target, propertyName);
  };
};

export class TokenOptionsSchema implements AuthentikTokenOptions {
  @IsOptional()
  @whole(0, 300)
  clockToleranceSeconds?: number;

  @IsOptional()
  @whole(0, 7 * 24 * 3600)
  staleKeysSeconds?: number;
}

export class OptionsSchema implements AuthentikOptions {
  @Check(
    'authentikUrl',
    isAuthentikUrl,
    say(
      'is not the address of an Authentik.',
      'Write what a browser opens, without query or user name: "https://auth.example.com".',
    ),
  )
  url!: string;

  @Matches(
    /^[-\w]+$/u,
    say(
      'is not an application slug.',
      'Copy "Slug" from the application in Authentik (letters, digits, "-" and "_"), not an address or the provider name.',
    ),
  )
  applicationSlug!: string;

  @Matches(
    /^[\x21-\x7e]{1,255}$/u,
    say('is not a client id.', 'Copy "Client ID" from the OAuth2 provider of the application in Authentik.'),
  )
  clientId!: string;

  @IsOptional()
  @IsNotEmpty(say('is empty.', 'Copy "Client Secret" from the provider, or leave it out for a public client.'))
  @IsString(say('is not a string.', 'Copy "Client Secret" from the provider, or leave it out for a public client.'))
  clientSecret?: string;

  @Check(
    'origin',
    isOrigin,
    say(
      'is not an origin.',
      'Write scheme, host and port as clients reach this app, without a path: "https://reports.example.com".',
    ),
  )
  publicUrl!: string;

  @IsOptional()
  @Check(
    'scopeNames',
    (value) => Array.isArray(value) && value.every((scope) => /^[\x21\x23-\x5b\x5d-\x7e]+$/u.test(String(scope))),
    say('holds something that is not a scope name.', 'Name each scope in a string of its own: ["openid", "profile"].'),
  )
  @ArrayNotEmpty(say('is empty.', 'Leave it out for the default: openid profile email offline_access.'))
  @IsArray(say('is not a list.', 'Write ["openid", "profile"], or leave it out for the default.'))
  scopes?: string[];

  @IsOptional()
  @whole(100, 60_000)
  timeoutMs?: number;

  @IsOptional()
  @ValidateNested()
  tokens?: TokenOptionsSchema;

  @IsOptional()
  @Check(
    'groupNames',
    (value) => Array.isArray(value) && value.every((group) => typeof group === 'string' && group.trim() !== ''),
    say('holds something that is not a name.', 'Name Authentik groups: ["engineering"].'),
  )
  @ArrayNotEmpty(say('is empty, which would admit nobody.', 'Name a group, or leave it out to admit every user.'))
  @IsArray(say('is not a list.', 'Name Authentik groups: ["engineering"].'))
  allowedGroups?: string[];

  @IsOptional()
  @Check(
    'function',
    (value) => typeof value === 'function',
    say('is not a function.', 'Give a function from user and claims to a user.'),
  )
  mapUser?: NonNullable<AuthentikOptions['mapUser']>;

  @IsOptional()
  @IsIn(authentikLogLevels, say('is not a level.', `Take one of ${authentikLogLevels.join(', ')}.`))
  logLevel?: AuthentikLogLevel;

  @IsOptional()
  @IsBoolean(flag('Leave it out: https is what you want outside of loopback.'))
  dangerouslyAllowHttp?: boolean;
}
