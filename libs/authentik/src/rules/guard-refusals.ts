import { HttpException, HttpStatus, Inject, Injectable, Optional } from '@nestjs/common';
import { type AbstractHttpAdapter, HttpAdapterHost } from '@nestjs/core';

import { AUTHENTIK_LOGIN_DOOR } from '../authentik.constants.js';
import { type AuthentikError, UnauthenticatedError } from '../errors/index.js';
import type { AuthentikUser } from '../protocol/user.js';
import { type GuardedRequest, noteRefusal } from './guarded-request.js';
import type { LoginDoor } from './login-door.js';
import { Refusals } from './refusals.js';
import { toHttpException } from './to-http-exception.js';

/** Turns a verdict of ours into what the transport understands. Shared by all guards. */
@Injectable()
export class GuardRefusals {
  constructor(
    private readonly adapterHost: HttpAdapterHost,
    private readonly refusals: Refusals,
    @Optional() @Inject(AUTHENTIK_LOGIN_DOOR) private readonly login?: LoginDoor,
  ) {}

  /**
   * On HTTP the headers are set on the response and Nest's own exception comes back; on MCP the refusal is noted for
   * the MCP door, which logs it and answers as for a name that does not exist. A browser on its way to a page is sent to
   * sign in.
   * @param accepted kinds of credential that would have counted; default all
   * @returns what the guard throws
   */
  toException(
    guarded: GuardedRequest,
    error: AuthentikError,
    accepted?: readonly AuthentikUser['credential'][],
  ): Error {
    if (guarded.transport === 'mcp') {
      noteRefusal(guarded.message, error);
      return error;
    }
    if (error instanceof UnauthenticatedError && accepted?.includes('session') !== false) {
      const location = this.login?.locationFor(guarded.request);
      if (location !== undefined) return this.toRedirect(guarded.response, location, error);
    }
    const answer = this.refusals.answer(error, guarded.request);
    this.setHeaders(guarded.response, answer.headers);
    return toHttpException(answer, error);
  }

  /** Thrown like any refusal, for only so do no handler and no interceptor run. */
  private toRedirect(response: object, location: string, cause: AuthentikError): HttpException {
    this.setHeaders(response, {
      Location: location,
      'Cache-Control': 'no-store',
      Vary: 'Accept, Cookie, Sec-Fetch-Mode',
    });
    const body = { statusCode: HttpStatus.FOUND, message: 'Sign in first' };
    return new HttpException(body, HttpStatus.FOUND, { cause });
  }
  /** A testing module without an app has no adapter: nobody is there whom a header could tell. */
  private setHeaders(response: object, headers: Readonly<Record<string, string>>): void {
    const adapter = this.adapterHost.httpAdapter as AbstractHttpAdapter | undefined;
    for (const [name, value] of Object.entries(headers)) adapter?.setHeader?.(response, name, value);
  }
}
