import {
  BadRequestException,
  ForbiddenException,
  type HttpException,
  InternalServerErrorException,
  ServiceUnavailableException,
  UnauthorizedException,
} from '@nestjs/common';

import type { WireAnswer } from '../protocol/to-wire.js';

const exceptions = {
  400: BadRequestException,
  401: UnauthorizedException,
  403: ForbiddenException,
  500: InternalServerErrorException,
  503: ServiceUnavailableException,
};

/** A refusal as Nest's own exception with ours as `cause`, so that an app's filters keep working. */
export function toHttpException({ status, error, description }: WireAnswer, cause: unknown): HttpException {
  const body = { statusCode: status, error, error_description: description, message: description };
  return new exceptions[status](body, { cause });
}
