import { type ArgumentsHost, Catch, type ExceptionFilter, ForbiddenException } from '@nestjs/common';
import type { Response } from 'express';
import { type AuthentikRequest, GroupRequiredError } from 'nestjs-authentik';

/** Tells a person which group a page is for. The library itself names no groups to anybody. */
@Catch(ForbiddenException)
export class RefusedPageFilter implements ExceptionFilter<ForbiddenException> {
  catch(exception: ForbiddenException, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const response = http.getResponse<Response>();
    if (!(exception.cause instanceof GroupRequiredError)) {
      response.status(exception.getStatus()).json(exception.getResponse());
      return;
    }
    const { user } = http.getRequest<AuthentikRequest>();
    const { requiredGroups } = exception.cause;
    response.status(403).render('refused', { title: 'Not for you - Authentik sample', user, requiredGroups });
  }
}
