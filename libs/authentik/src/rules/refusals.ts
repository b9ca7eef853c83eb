import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

import { Injectable } from '@nestjs/common';

import {
  type AuthentikError,
  AuthentikUnavailableError,
  refusalReason,
  TokenVerificationError,
} from '../errors/index.js';
import { AuthentikLogger } from '../observability/authentik-logger.js';
import { ProtectedResources } from '../protected-resource/protected-resources.js';
import { toWire, type WireAnswer } from '../protocol/to-wire.js';
import { authenticatedUser } from './request-authentication.js';

/** What else is known of a refusal. */
export interface RefusalPlace {
  /** The MCP endpoint that was asked; absent for any other route. */
  readonly endpoint?: string;
  /** What was to be used, for example `tool purge-records`. */
  readonly target?: string;
}

/** Where a no is said: once in the log for the operator, once on the wire for the caller. */
@Injectable()
export class Refusals {
  constructor(
    private readonly logger: AuthentikLogger,
    private readonly resources: ProtectedResources,
  ) {}

  /** Logs a refusal and says how it leaves. */
  answer(error: AuthentikError, request: object, place: RefusalPlace = {}): WireAnswer {
    const wire = toWire(error, this.resources.challengeContext(place.endpoint));
    this.log(error, request, place, String(wire.status));
    return wire;
  }

  /** Logs a refusal that leaves in the form of the transport. */
  log(error: AuthentikError, request: object, place: RefusalPlace, form: string): void {
    if (!this.logger.writes('log')) return;
    const { method = '?', url = '?' } = request as Partial<IncomingMessage>;
    const user = authenticatedUser(request);
    const claimed = error instanceof TokenVerificationError ? error.claimed : undefined;
    const words = [
      `refused ${form} ${refusalReason(error)}`,
      // Never the query: tokens end up there by mistake.
      `${method} ${url.split(/[?#]/u)[0] ?? ''}`,
      place.target,
      field('client', user?.clientId ?? claimed?.clientId),
      field('sub', user?.id ?? claimed?.subject),
      field('request', requestId(request)),
      error.message,
    ];
    const line = words.filter((word) => word !== undefined).join(' ');
    if (error instanceof AuthentikUnavailableError) this.logger.warn(line);
    else this.logger.log(line);
  }
}

const field = (name: string, value: string | undefined) =>
  value === undefined || value === '' ? undefined : `${name}=${value}`;

const requestIds = new WeakMap<object, string>();

/** The id that a proxy gave the request, where it has the form of one; else a new one. */
function requestId(request: object): string {
  const given = (request as Partial<IncomingMessage>).headers?.['x-request-id'];
  if (typeof given === 'string' && /^[\w.-]{1,64}$/u.test(given)) return given;
  let id = requestIds.get(request);
  if (id === undefined) requestIds.set(request, (id = randomUUID()));
  return id;
}
