// Only `shape-issues.ts` imports this folder, and only when a module starts: class-validator takes longer to load than
// the rest of this library together.
import { ArrayNotEmpty, IsArray, IsBoolean, IsIn, IsOptional, ValidateNested } from 'class-validator';

import type { KeyValueStore } from '../../stores/key-value-store.js';
import {
  type AuthentikLogLevel,
  authentikLogLevels,
  type AuthentikOptions,
  type IssuerMode,
  issuerModes,
  type TokenEndpointAuthMethod,
  tokenEndpointAuthMethods,
} from '../authentik-options.js';
import type { OnLogin, OnLogout } from '../session-options.js';
import { isAuthentikUrl, isOrigin } from '../urls.js';
import { clientId, clientSecret, slug, TrustedApplicationSchema } from './application-options.schema.js';
import { Check, flag, say, whole } from './checks.js';
import { RedisOptionsSchema } from './redis-options.schema.js';
import { SessionOptionsSchema } from './session-options.schema.js';
import { TokenOptionsSchema } from './token-options.schema.js';

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
