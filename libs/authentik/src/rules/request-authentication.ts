import { Inject, Injectable } from '@nestjs/common';

import { AUTHENTIK_OPTIONS, AUTHENTIK_REQUEST_AUTHENTICATOR } from '../authentik.constants.js';
import { AuthentikError, UnauthenticatedError, UserRejectedError } from '../errors/index.js';
import type { ResolvedAuthentikOptions } from '../options/index.js';
import { decideGroups } from '../protocol/access-decision.js';
import type { AuthentikUser } from '../protocol/user.js';

/** Finds out who sent a request by one kind of credential. */
export interface RequestAuthenticator {
  /**
   * @param request the HTTP request as the adapter gives it
   * @param response its response, which is not touched
   * @throws {UnauthenticatedError} no credential
   * @throws {MalformedCredentialError} a credential that cannot be judged
   * @throws {TokenVerificationError} a credential that is not acceptable
   * @throws {AuthentikUnavailableError} nobody could be asked
   */
  authenticate(request: object, response: object): Promise<AuthentikUser>;
}

interface Outcome {
  readonly user: AuthentikUser | undefined;
  readonly by: RequestAuthentication;
}

// Not a property of the request: other middleware could set it, and `request.user` belongs to whoever writes it last.
const outcomes = new WeakMap<object, Outcome>();

/** Who sent this request, as far as we ourselves have verified it. */
export function authenticatedUser(request: object): AuthentikUser | undefined {
  return outcomes.get(request)?.user;
}

/**
 * Authenticates once a request, whoever asks: a later guard, or the MCP pass, costs one look-up. What holds for the
 * whole app stands here too: `mapUser`, and the module-wide `allowedGroups`.
 */
@Injectable()
export class RequestAuthentication {
  constructor(
    @Inject(AUTHENTIK_REQUEST_AUTHENTICATOR) private readonly authenticator: RequestAuthenticator,
    @Inject(AUTHENTIK_OPTIONS) private readonly options: ResolvedAuthentikOptions,
  ) {}

  /**
   * @throws {AuthentikError} nobody, or nobody who may use this app; see {@link RequestAuthenticator.authenticate}
   */
  async authenticate(request: object, response: object): Promise<AuthentikUser> {
    const user = await this.identify(request, response);
    if (user === undefined) throw new UnauthenticatedError();
    return user;
  }

  /** The same, where no credential at all is fine. A bad one still throws. */
  async authenticateIfPresent(request: object, response: object): Promise<AuthentikUser | undefined> {
    return this.identify(request, response);
  }

  private async identify(request: object, response: object): Promise<AuthentikUser | undefined> {
    const known = outcomes.get(request);
    // What another module instance found out does not count here.
    if (known?.by === this) return known.user;
    const user = await this.ask(request, response);
    outcomes.set(request, { user, by: this });
    Object.assign(request, { user });
    return user;
  }

  private async ask(request: object, response: object): Promise<AuthentikUser | undefined> {
    let user: AuthentikUser;
    try {
      user = await this.authenticator.authenticate(request, response);
    } catch (error) {
      if (error instanceof UnauthenticatedError) return undefined;
      throw error;
    }
    const mapped = await this.map(user);
    const { allowedGroups } = this.options;
    const refusal =
      allowedGroups === undefined ? undefined : decideGroups({ authentication: 'required', allowedGroups }, mapped);
    if (refusal !== undefined) throw refusal;
    return mapped;
  }

  private async map(user: AuthentikUser): Promise<AuthentikUser> {
    const { mapUser } = this.options;
    if (mapUser === undefined) return user;
    let mapped: AuthentikUser | undefined | null;
    try {
      mapped = await mapUser(user, user.claims);
    } catch (error) {
      throw error instanceof AuthentikError ? error : new UserRejectedError(error);
    }
    if (typeof mapped?.id !== 'string' || !Array.isArray(mapped.groups)) throw new UserRejectedError(undefined);
    return mapped;
  }
}
