/** What is used of a client that the package `redis` made with `createClient()`. */
export interface RedisClientSettings {
  duplicate(overrides?: object): unknown;
}

/** Where processes of the same app meet. */
export class AuthentikRedisOptions {
  /** `redis[s]://[[username][:password]@]host[:port][/database]`. Either this or `client`. */
  url?: string;

  /**
   * A client of the package `redis`, for what a URL cannot say. Its settings are copied for two connections of our own;
   * it is neither used nor closed, and need not be connected.
   */
  client?: RedisClientSettings;

  /**
   * Before each key and channel. Processes with the same prefix are one app. Default `authentik:<applicationSlug>:`.
   */
  keyPrefix?: string;
}

/** Where processes meet, after checks and defaults. Frozen; `url` and `client` are not enumerable, for secrets in them. */
export interface ResolvedRedisOptions {
  readonly url?: string;
  readonly client?: RedisClientSettings;
  readonly keyPrefix: string;
}
