import {
  BadRequestException,
  ForbiddenException,
  HttpException,
  type HttpExceptionOptions,
  InternalServerErrorException,
  ServiceUnavailableException,
  UnauthorizedException,
} from '@nestjs/common';

import type { WireAnswer } from '../protocol/to-wire.js';

/** Nest has none of this status. */
class TooManyRequestsException extends HttpException {
  constructor(body: object, options: HttpExceptionOptions) {
    super(body, 429, options);
  }
}

const exceptions = {
  400: BadRequestException,
  401: UnauthorizedException,
  403: ForbiddenException,
  429: TooManyRequestsException,
  500: InternalServerErrorException,
  503: ServiceUnavailableException,
};

/** A refusal as Nest's own exception with ours as `cause`, so that an app's filters keep working. */
export function toHttpException({ status, error, description }: WireAnswer, cause: unknown): HttpException {
  const body = { statusCode: status, error, error_description: description, message: description };
  return new exceptions[status](body, { cause });
}
