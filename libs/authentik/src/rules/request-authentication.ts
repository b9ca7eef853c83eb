import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';

import { AUTHENTIK_OPTIONS, AUTHENTIK_REQUEST_AUTHENTICATORS } from '../authentik.constants.js';
import { AuthentikError, UnauthenticatedError, UserRejectedError } from '../errors/index.js';
import type { ResolvedAuthentikOptions } from '../options/index.js';
import { decideGroups } from '../protocol/access-decision.js';
import type { AuthentikUser } from '../protocol/user.js';
import { checkSameOrigin } from './cross-site.js';
import { isLater } from './later.js';
import { readUserOnRequests, writeUser } from './request-user.js';

/** Finds out who sent a request by one kind of credential. */
export interface RequestAuthenticator {
  readonly credential: AuthentikUser['credential'];

  /** Whether the request comes with this kind of credential; the first one that it comes with decides alone. */
  isPresent(request: object): boolean;

  /**
   * @param request the HTTP request as the adapter gives it
   * @param response its response, which is not touched
   * @throws {UnauthenticatedError} no credential
   * @throws {MalformedCredentialError} a credential that cannot be judged
   * @throws {TokenVerificationError} a credential that is not acceptable
   * @throws {AuthentikUnavailableError} nobody could be asked
   */
  authenticate(request: object, response: object): AuthentikUser | Promise<AuthentikUser>;
}

type MapUser = NonNullable<ResolvedAuthentikOptions['mapUser']>;

interface Outcome {
  readonly user: AuthentikUser | undefined;
  readonly by: RequestAuthentication;
}

// Not a property of the request: other middleware could set it, and `request.user` belongs to whoever writes it last.
// Besides, each property that is added to a request of Express costs more than the look-up of a remembered token.
const outcomes = new WeakMap<object, Outcome>();

/** Who sent this request, as far as we ourselves have verified it. */
export function authenticatedUser(request: object): AuthentikUser | undefined {
  return outcomes.get(request)?.user;
}

function someone(
  user: AuthentikUser | undefined,
  accepted: readonly AuthentikUser['credential'][] | undefined,
): AuthentikUser {
  if (user === undefined || accepted?.includes(user.credential) === false) throw new UnauthenticatedError();
  return user;
}

/**
 * Authenticates once a request, whoever asks: a later guard, or the MCP pass, costs one look-up. What holds for the
 * whole app stands here too: `mapUser`, the module-wide `allowedGroups`, and that a cookie changes nothing for other
 * sites.
 */
@Injectable()
export class RequestAuthentication implements OnModuleInit {
  constructor(
    @Inject(AUTHENTIK_REQUEST_AUTHENTICATORS) private readonly authenticators: readonly RequestAuthenticator[],
    @Inject(AUTHENTIK_OPTIONS) private readonly options: ResolvedAuthentikOptions,
    private readonly adapterHost: HttpAdapterHost,
  ) {}

  onModuleInit(): void {
    const { httpAdapter } = this.adapterHost as Partial<HttpAdapterHost>;
    if (httpAdapter?.getType() === 'express') readUserOnRequests(httpAdapter.getInstance(), authenticatedUser);
  }

  /**
   * @param accepted kinds of credential that count; another is as none. Default: all that the module takes.
   * @throws {AuthentikError} nobody, or nobody who may use this app; see {@link RequestAuthenticator.authenticate}
   */
  authenticate(
    request: object,
    response: object,
    accepted?: readonly AuthentikUser['credential'][],
  ): AuthentikUser | Promise<AuthentikUser> {
    const known = this.knownOf(request);
    if (known !== undefined) return someone(known.user, accepted);
    const present = this.findPresent(request);
    if (present !== undefined && accepted?.includes(present.credential) === false) throw new UnauthenticatedError();
    const user = this.ask(present, request, response);
    return isLater(user) ? user.then((found) => someone(found, accepted)) : someone(user, accepted);
  }

  /**
   * What holds for the whole app, for a user of whom we know already who it is.
   * @returns the user as the app wants it
   * @throws {AuthentikError} nobody who may use this app
   */
  async judge(user: AuthentikUser): Promise<AuthentikUser> {
    const { mapUser } = this.options;
    return this.checkGroups(mapUser === undefined ? user : await this.map(user, mapUser));
  }

  /** The same, where no credential at all is fine. A bad one still throws. At once, where nobody has to be asked. */
  authenticateIfPresent(
    request: object,
    response: object,
  ): AuthentikUser | undefined | Promise<AuthentikUser | undefined> {
    const known = this.knownOf(request);
    return known === undefined ? this.ask(this.findPresent(request), request, response) : known.user;
  }

  /** What another module instance found out does not count here. */
  private knownOf(request: object): Outcome | undefined {
    const known = outcomes.get(request);
    return known?.by === this ? known : undefined;
  }

  private ask(
    present: RequestAuthenticator | undefined,
    request: object,
    response: object,
  ): AuthentikUser | undefined | Promise<AuthentikUser | undefined> {
    let answer: AuthentikUser | Promise<AuthentikUser>;
    try {
      if (present === undefined) throw new UnauthenticatedError();
      answer = present.authenticate(request, response);
    } catch (error) {
      return this.withoutUser(request, error);
    }
    if (isLater(answer)) {
      return answer.then(
        (user) => this.accept(request, user),
        (error: unknown) => this.withoutUser(request, error),
      );
    }
    return this.accept(request, answer);
  }

  private findPresent(request: object): RequestAuthenticator | undefined {
    // Almost always the first one; a loop would cost more than the look-up of a remembered token.
    const first = this.authenticators[0];
    return first?.isPresent(request) === true
      ? first
      : this.authenticators.find((candidate) => candidate.isPresent(request));
  }

  private withoutUser(request: object, error: unknown): undefined {
    if (!(error instanceof UnauthenticatedError)) throw error;
    this.note(request, undefined);
    return undefined;
  }

  private accept(request: object, user: AuthentikUser): AuthentikUser | Promise<AuthentikUser> {
    // A browser sends its cookie whoever asks it to; a token is sent by who has it.
    if (user.credential === 'session') checkSameOrigin(request, this.options.publicUrl);
    return this.options.mapUser === undefined
      ? this.admit(request, user)
      : this.map(user, this.options.mapUser).then((mapped) => this.admit(request, mapped));
  }

  /** For whom the whole app is. */
  private admit(request: object, user: AuthentikUser): AuthentikUser {
    this.note(request, this.checkGroups(user));
    return user;
  }

  private checkGroups(user: AuthentikUser): AuthentikUser {
    const { allowedGroups } = this.options;
    const refusal =
      allowedGroups === undefined ? undefined : decideGroups({ authentication: 'required', allowedGroups }, user);
    if (refusal !== undefined) throw refusal;
    return user;
  }

  private note(request: object, user: AuthentikUser | undefined): void {
    outcomes.set(request, { user, by: this });
    writeUser(request, user);
  }

  private async map(user: AuthentikUser, mapUser: MapUser): Promise<AuthentikUser> {
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
