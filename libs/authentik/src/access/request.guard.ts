import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';

import { GUARD_AUTHENTICATION, GUARD_REFUSALS } from '../authentik.constants.js';
import { AuthentikError } from '../errors/index.js';
import { type AccessRule, decideCredential } from '../protocol/access-decision.js';
import type { AuthentikUser } from '../protocol/user.js';
import { readAccessRule } from '../rules/access-rule.metadata.js';
import { GuardRefusals } from '../rules/guard-refusals.js';
import { type GuardedRequest, guardedRequest } from '../rules/guarded-request.js';
import { isLater } from '../rules/later.js';
import { authenticatedUser, RequestAuthentication } from '../rules/request-authentication.js';

/**
 * What all guards have in common: the rule of the handler, who is asking, a verdict. Each of them finds out who is asking,
 * so that one guard is enough for a handler: Nest waits for each that it has. A second one costs a look-up.
 */
@Injectable()
export abstract class RequestGuard implements CanActivate {
  constructor(
    @Inject(GUARD_AUTHENTICATION) private readonly authentication: RequestAuthentication,
    @Inject(GUARD_REFUSALS) private readonly refusals: GuardRefusals,
  ) {}

  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const guarded = guardedRequest(context);
    const rule = readAccessRule(context.getHandler(), context.getClass());
    if (!this.concerns(rule)) return true;
    try {
      const answer = this.authenticate(guarded);
      // At once, where nobody has to be asked: a promise costs more than the look-up of a remembered token.
      return isLater(answer)
        ? answer.then((user) => this.judge(rule, user)).catch((error: unknown) => this.refuse(guarded, rule, error))
        : this.judge(rule, answer);
    } catch (error) {
      return this.refuse(guarded, rule, error);
    }
  }

  /** Whether the rule asks for anything that this guard looks at. Otherwise it leaves the handler alone. */
  protected abstract concerns(rule: AccessRule): boolean;

  /** @returns `undefined` when admitted, else why not; the kind of credential is looked at already */
  protected abstract decide(rule: AccessRule, user: AuthentikUser | undefined): AuthentikError | undefined;

  private judge(rule: AccessRule, user: AuthentikUser | undefined): true {
    const accepted = this.acceptedCredentials() ?? rule.acceptedCredentials;
    const refusal =
      (user === undefined || accepted === undefined
        ? undefined
        : decideCredential({ ...rule, acceptedCredentials: accepted }, user)) ?? this.decide(rule, user);
    if (refusal !== undefined) throw refusal;
    return true;
  }

  private refuse(guarded: GuardedRequest, rule: AccessRule, error: unknown): never {
    if (!(error instanceof AuthentikError)) throw error;
    throw this.refusals.toException(guarded, error, this.acceptedCredentials() ?? rule.acceptedCredentials);
  }

  /**
   * Seam: who sent this request; `undefined` for nobody. Never `request.user`, which anybody may have written. An MCP
   * message was authenticated with the HTTP request that brought it.
   */
  protected authenticate(guarded: GuardedRequest): AuthentikUser | undefined | Promise<AuthentikUser | undefined> {
    return guarded.transport === 'http'
      ? this.authentication.authenticateIfPresent(guarded.request, guarded.response)
      : authenticatedUser(guarded.request);
  }

  /** Seam: kinds of credential that this guard takes, whatever the handler says. */
  protected acceptedCredentials(): readonly AuthentikUser['credential'][] | undefined {
    return undefined;
  }
}
