import type { IncomingMessage, ServerResponse } from 'node:http';

import { Injectable } from '@nestjs/common';

import {
  AuthentikError,
  AuthentikUnavailableError,
  GroupProhibitedError,
  GroupRequiredError,
  GroupsUnknownError,
  LoginError,
  type LoginFailure,
  TooManyRequestsError,
  UserRejectedError,
} from '../../errors/index.js';
import { AuthentikLogger } from '../../observability/authentik-logger.js';
import { answer } from '../pages/answer.js';
import { loginAnswers } from '../pages/login-answers.js';
import { SessionPaths } from '../session-paths.js';

/** What else is known of a failure. */
interface FailureDetails {
  /** Path of ours that another attempt leads to. */
  readonly returnTo?: string;
  /** What the app wants the person to read. */
  readonly shown?: string;
  readonly retryAfterSeconds?: number;
}

/** Says a no to whoever signs in: once in the log, once on the page. */
@Injectable()
export class LoginFailures {
  constructor(
    private readonly paths: SessionPaths,
    private readonly logger: AuthentikLogger,
  ) {}

  /** @param returnTo path of ours that another attempt leads to */
  answer(request: IncomingMessage, response: ServerResponse, error: unknown, returnTo?: string): void {
    const reason = reasonOf(error);
    this.log(request, reason, error);
    this.show(request, response, reason, {
      ...(returnTo !== undefined && { returnTo }),
      ...(error instanceof LoginError && error.shown !== undefined && { shown: error.shown }),
      ...(error instanceof TooManyRequestsError && { retryAfterSeconds: error.retryAfterSeconds }),
    });
  }

  /** The answer for a reason alone. */
  show(
    request: IncomingMessage,
    response: ServerResponse,
    reason: LoginFailure,
    { returnTo, shown, retryAfterSeconds }: FailureDetails = {},
  ): void {
    const { again, text, ...said } = loginAnswers[reason];
    const query = returnTo === undefined ? '' : `?returnTo=${encodeURIComponent(returnTo)}`;
    answer(request, response, {
      ...said,
      ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
      error: reason,
      text: shown ?? text,
      ...(again && { action: { label: 'Sign in again', href: `${this.paths.login}${query}` } }),
    });
  }

  private log({ method = '?', url = '?' }: IncomingMessage, reason: LoginFailure, error: unknown): void {
    const why = error instanceof AuthentikError ? error.message : String(error);
    // Never the query: codes are in it.
    const line = `sign-in failed ${loginAnswers[reason].status} ${reason} ${method} ${url.split('?')[0]} ${why}`;
    if (loginAnswers[reason].status >= 500) this.logger.warn(line);
    else this.logger.log(line);
  }
}

function reasonOf(error: unknown): LoginFailure {
  if (error instanceof LoginError) return error.reason;
  if (
    error instanceof GroupRequiredError ||
    error instanceof GroupProhibitedError ||
    error instanceof GroupsUnknownError
  ) {
    return 'not_allowed';
  }
  if (error instanceof TooManyRequestsError) return 'too_many_requests';
  if (error instanceof UserRejectedError) return 'login_refused';
  if (error instanceof AuthentikUnavailableError) {
    return error.endpoint === 'redis' || error.endpoint === 'session store'
      ? 'sessions_unavailable'
      : 'authentik_unavailable';
  }
  // A mistake of ours, or of a hook of the app: the log says which.
  return 'login_failed';
}
