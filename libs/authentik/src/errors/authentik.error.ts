/**
 * Base of every error of this library. `code` is stable and safe to match on; `message` is for developers and
 * operators and says what to do next. A message never contains a token or a secret.
 */
export abstract class AuthentikError extends Error {
  /** Stable identifier, `ERR_AUTHENTIK_…`. */
  abstract readonly code: string;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}
