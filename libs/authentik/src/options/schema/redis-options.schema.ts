import { IsOptional, Matches } from 'class-validator';

import type { AuthentikRedisOptions, RedisClientSettings } from '../redis-options.js';
import { isRedisUrl } from '../urls.js';
import { Check, say } from './checks.js';

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
