import type { AuthentikUser } from '../protocol/user.js';

type UserOf = (request: object) => AuthentikUser | undefined;

/** What the requests of one app of Express inherit from. */
const readingPrototypes = new WeakSet<object>();

/**
 * Lets every request of an Express app read its `user`, so that it has not to be written to each: Express gives each
 * request a hidden class of its own, and a property more then costs as much as the rest of a guard. Whoever writes
 * `request.user` has written it.
 * @param app as Nest's adapter gives it; anything but an app of Express is left alone
 */
export function readUserOnRequests(app: unknown, userOf: UserOf): void {
  const prototype = (app as { request?: unknown } | null | undefined)?.request;
  if (typeof prototype !== 'object' || prototype === null || 'user' in prototype) return;
  Object.defineProperty(prototype, 'user', {
    configurable: true,
    get(this: object) {
      return userOf(this);
    },
    set(this: object, value: unknown) {
      Object.defineProperty(this, 'user', { value, writable: true, enumerable: true, configurable: true });
    },
  });
  readingPrototypes.add(prototype);
}

/** Makes `request.user` the user, where it is not read anyway. */
export function writeUser(request: { user?: AuthentikUser | undefined }, user: AuthentikUser | undefined): void {
  const prototype: object | null = Object.getPrototypeOf(request) as object | null;
  if (prototype === null || !readingPrototypes.has(prototype) || Object.hasOwn(request, 'user')) request.user = user;
}
