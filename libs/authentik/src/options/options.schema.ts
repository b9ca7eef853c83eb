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
  type AuthentikRedisOptions,
  type AuthentikTokenOptions,
  type IssuerMode,
  type RedisClientSettings,
  issuerModes,
  type TokenEndpointAuthMethod,
  tokenEndpointAuthMethods,
  type TokenValidation,
  tokenValidations,
  type TrustedApplicationOptions,
} from './authentik-options.js';
import type { AuthentikSessionOptions, ExpressSessionStore, OnLogin, OnLogout } from './session-options.js';
import type { KeyValueStore } from '../stores/key-value-store.js';
import { isAuthentikUrl, isOrigin, isRedisUrl } from './urls.js';

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

export class RedisOptionsSchema implements AuthentikRedisOptions {
  @IsOptional()
  @Check(
    'redisUrl',
    isRedisUrl,
    say(
      'is not the address of a Redis.',
      'Write "redis://redis:6379", or "rediss://user:password@redis:6379/0" with TLS.',
    ),
  )
  url?: string;

  @IsOptional()
  @Check(
    'redisClient',
    (value) => typeof (value as RedisClientSettings | undefined)?.duplicate === 'function',
    say('is not a client of the package redis.', 'Give what its createClient() returns, or write "url" instead.'),
  )
  client?: RedisClientSettings;

  @IsOptional()
  @Matches(
    /^[\x21-\x7e]{1,100}$/u,
    say('is not a prefix.', 'Write some visible characters, "reports:"; leave it out for one made of the slug.'),
  )
  keyPrefix?: string;
}

/** All that a class which implements it has; what they do, the contract tells. */
const storeMethods = [
  'get',
  'set',
  'compareAndSet',
  'take',
  'delete',
  'addToIndex',
  'removeFromIndex',
  'readIndex',
  'publish',
  'subscribe',
  'close',
] as const satisfies readonly (keyof KeyValueStore)[];

function isKeyValueStore(value: unknown): boolean {
  const store = Object(value) as Partial<Record<keyof KeyValueStore, unknown>>;
  return (
    storeMethods.every((name) => typeof store[name] === 'function') &&
    typeof store.isReachable === 'boolean' &&
    typeof store.isShared === 'boolean' &&
    typeof store.unreachableForMs === 'number'
  );
}

const slug = Matches(
  /^[-\w]+$/u,
  say(
    'is not an application slug.',
    'Copy "Slug" from the application in Authentik (letters, digits, "-" and "_"), not an address or the provider name.',
  ),
);
const visible = /^[\x21-\x7e]{1,255}$/u;
const clientId = Matches(
  visible,
  say('is not a client id.', 'Copy "Client ID" from the OAuth2 provider of the application in Authentik.'),
);
const secretRemedy = 'Copy "Client Secret" from the provider, or leave it out for a public client.';
// What people leave standing from an example.
const placeholder =
  /^(?:<.*>|\$\{.*\}|\{\{.*\}\}|change[-_ ]?(?:me|this|it).*|(?:your|my|the|a|some)[-_ ].*|(?:client[-_ ]?)?secret|placeholder|password|example|todo|test|x{3,}|\*{3,}|\.{3})$/iu;
const decorateAll =
  (...decorators: PropertyDecorator[]): PropertyDecorator =>
  (target, propertyName) => {
    for (const decorate of decorators) decorate(target, propertyName);
  };
const clientSecret = decorateAll(
  IsOptional(),
  Check(
    'notAPlaceholder',
    (value) => typeof value !== 'string' || !placeholder.test(value.trim()),
    say('is a placeholder, not a secret.', secretRemedy),
  ),
  IsNotEmpty(say('is empty.', secretRemedy)),
  IsString(say('is not a string.', secretRemedy)),
);

export class TrustedApplicationSchema implements TrustedApplicationOptions {
  @slug
  applicationSlug!: string;

  @clientId
  clientId!: string;

  @clientSecret
  clientSecret?: string;

  @IsOptional()
  @Matches(visible, say('is not an audience.', 'Write the "aud" that the property mapping of that provider sets.'))
  audience?: string;
}

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

const hook = Check(
  'function',
  (value) => typeof value === 'function',
  say('is not a function.', 'Give a function, or leave it out.'),
);

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

  @IsOptional()
  @Check(
    'authentikUrl',
    isAuthentikUrl,
    say(
      'is not the address of an Authentik.',
      'Write where this process reaches it: "http://authentik-server:9000"; leave it out where that is "url".',
    ),
  )
  internalUrl?: string;

  @IsOptional()
  @IsIn(issuerModes, say('is not an issuer mode.', `Take the provider's "Issuer mode": ${issuerModes.join(' or ')}.`))
  issuerMode?: IssuerMode;

  @slug
  applicationSlug!: string;

  @clientId
  clientId!: string;

  @clientSecret
  clientSecret?: string;

  @IsOptional()
  @IsIn(
    tokenEndpointAuthMethods,
    say('is not a way to send a client secret.', `Take ${tokenEndpointAuthMethods.join(' or ')}.`),
  )
  tokenEndpointAuthMethod?: TokenEndpointAuthMethod;

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
  @ValidateNested(say('is not a set of options.', 'Write { url: "redis://redis:6379" }.'))
  redis?: RedisOptionsSchema;

  @IsOptional()
  @Check(
    'keyValueStore',
    isKeyValueStore,
    say('is not a KeyValueStore.', 'Give what passes the contract of nestjs-authentik-testing/contracts.'),
  )
  store?: KeyValueStore;

  @IsOptional()
  @ValidateNested(
    say('holds something that is not an application.', 'Write [{ applicationSlug: "mobile", clientId: "…" }].'),
  )
  @IsArray(say('is not a list.', 'Write [{ applicationSlug: "mobile", clientId: "…" }].'))
  trustedApplications?: TrustedApplicationSchema[];

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
  @ValidateNested()
  session?: SessionOptionsSchema;

  @IsOptional()
  @hook
  onLogin?: OnLogin;

  @IsOptional()
  @hook
  onLogout?: OnLogout;

  @IsOptional()
  @IsIn(authentikLogLevels, say('is not a level.', `Take one of ${authentikLogLevels.join(', ')}.`))
  logLevel?: AuthentikLogLevel;

  @IsOptional()
  @IsBoolean(flag('Leave it out unless you have MCP clients from before RFC 9728.'))
  legacyMetadata?: boolean;

  @IsOptional()
  @IsBoolean(flag('Leave it out: https is what you want outside of loopback.'))
  dangerouslyAllowHttp?: boolean;
}
