import { type ArgumentsHost, Catch, type ExceptionFilter } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { type Observable, throwError } from 'rxjs';

import { AuthentikError } from './errors/index.js';
import { Refusals } from './rules/refusals.js';

/**
 * Answers errors of this library that an app throws on from its own code, for example from
 * `AuthentikTokenService.verifyToken()`: with the status and challenge that the guards would give, not with a 500.
 */
@Catch(AuthentikError)
export class AuthentikExceptionFilter implements ExceptionFilter<AuthentikError> {
  constructor(
    private readonly adapterHost: HttpAdapterHost,
    private readonly refusals: Refusals,
  ) {}

  catch(error: AuthentikError, host: ArgumentsHost): void | Observable<never> {
    if (host.getType() !== 'http') return throwError(() => error);
    const { httpAdapter } = this.adapterHost;
    const http = host.switchToHttp();
    const response: unknown = http.getResponse();
    const { status, headers, error: word, description } = this.refusals.answer(error, http.getRequest<object>());
    for (const [name, value] of Object.entries(headers)) httpAdapter.setHeader?.(response, name, value);
    const body = { statusCode: status, error: word, error_description: description, message: description };
    httpAdapter.reply(response, body, status);
  }
}
