import { Injectable } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';

import type { AuthentikError } from '../errors/index.js';
import { type GuardedRequest, noteRefusal } from './guarded-request.js';
import { Refusals } from './refusals.js';
import { toHttpException } from './to-http-exception.js';

/** Turns a verdict of ours into what the transport understands. Shared by all guards. */
@Injectable()
export class GuardRefusals {
  constructor(
    private readonly adapterHost: HttpAdapterHost,
    private readonly refusals: Refusals,
  ) {}

  /**
   * On HTTP the headers are set on the response and Nest's own exception comes back; on MCP the refusal is noted for
   * the MCP door, which logs it and answers as for a name that does not exist.
   * @returns what the guard throws
   */
  toException(guarded: GuardedRequest, error: AuthentikError): Error {
    if (guarded.transport === 'mcp') {
      noteRefusal(guarded.message, error);
      return error;
    }
    const answer = this.refusals.answer(error, guarded.request);
    for (const [name, value] of Object.entries(answer.headers)) {
      this.adapterHost.httpAdapter.setHeader?.(guarded.response, name, value);
    }
    return toHttpException(answer, error);
  }
}
