/**
 * Where state lives that outlasts a request: in this process, or in Redis for several; another one is given as option
 * `store`. One suite proves every implementation: `nestjs-authentik-testing/contracts`. Keys and channels come without a
 * prefix of the app; values are text that the caller has made.
 *
 * Every method fails at once with an `AuthentikUnavailableError` while the store is out of reach: nothing is queued.
 */
export interface KeyValueStore {
  /** @returns the value; `undefined` for none, or one whose time is over */
  get(key: string): Promise<string | undefined>;

  /**
   * @param ttlSeconds when it is over, in parts of a second if need be; a new `set` begins anew. Not above 0: as if it
   * were over already.
   */
  set(key: string, value: string, ttlSeconds: number): Promise<void>;

  /**
   * Sets only if the value is the expected one still, in one step.
   * @param expected `undefined`: there must be none, which makes it a lock
   * @returns whether it was set
   */
  compareAndSet(key: string, expected: string | undefined, value: string, ttlSeconds: number): Promise<boolean>;

  /** Gets and deletes in one step: of several who take, one gets the value. */
  take(key: string): Promise<string | undefined>;

  delete(key: string): Promise<void>;

  /**
   * Puts a member into the index of that key, until its own time is over. Of a member that is there already the later
   * moment counts.
   * @param expiresAtSeconds epoch seconds
   */
  addToIndex(key: string, member: string, expiresAtSeconds: number): Promise<void>;

  removeFromIndex(key: string, member: string): Promise<void>;

  /** @returns the members whose time is not over, with their moments, in one read */
  readIndex(key: string): Promise<ReadonlyMap<string, number>>;

  /** Tells everybody who listens, this process included. Who is not listening now never hears of it. */
  publish(channel: string, message: string): Promise<void>;

  /**
   * Listens from the moment that the promise resolves. While the store is out of reach it resolves at once, and listens
   * from the first `onReconnect` on: the one method that does not fail then.
   * @param onReconnect called when messages may have been missed, and for how long, in milliseconds: read again what
   * they are about
   * @returns what ends it
   */
  subscribe(
    channel: string,
    onMessage: (message: string) => void,
    onReconnect?: (missedMs: number) => void,
  ): Promise<() => Promise<void>>;

  /** Whether commands can be expected to succeed now; does no I/O. */
  readonly isReachable: boolean;

  /** How long it has been out of reach, in milliseconds; 0 while it is not. Does no I/O. */
  readonly unreachableForMs: number;

  /** Whether other processes see the same values. */
  readonly isShared: boolean;

  /** Lets go of connections and timers. */
  close(): Promise<void>;
}
