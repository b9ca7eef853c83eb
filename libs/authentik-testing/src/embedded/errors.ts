/** What went wrong, for programs; the message is for people. */
export type AuthentikTestingErrorCode =
  | 'ERR_AUTHENTIK_TESTING_CONFIG'
  | 'ERR_AUTHENTIK_TESTING_PORT_TAKEN'
  | 'ERR_AUTHENTIK_TESTING_UNKNOWN_NAME'
  | 'ERR_AUTHENTIK_TESTING_AMBIGUOUS'
  | 'ERR_AUTHENTIK_TESTING_SIGN_IN';

/** Every error that the testing kit itself throws. `code` is stable. */
export class AuthentikTestingError extends Error {
  constructor(
    readonly code: AuthentikTestingErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** The port that was asked for is in use by another program. */
export class PortTakenError extends AuthentikTestingError {
  constructor(
    readonly port: number,
    options?: ErrorOptions,
  ) {
    super(
      'ERR_AUTHENTIK_TESTING_PORT_TAKEN',
      `Port ${port} is taken, so the embedded Authentik can't listen there. Free the port or choose another one (0 = any free port).`,
      options,
    );
  }
}

/** A user, an application or a version that the embedded Authentik does not have; the message lists those it has. */
export class UnknownNameError extends AuthentikTestingError {
  constructor(what: string, name: string, known: Iterable<string>) {
    super(
      'ERR_AUTHENTIK_TESTING_UNKNOWN_NAME',
      `There is no ${what} '${name}'. Known: ${[...known].join(', ') || 'none'}.`,
    );
  }
}
