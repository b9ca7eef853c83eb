import { Injectable } from '@nestjs/common';

import { AuthentikDiscovery } from '../discovery/authentik-discovery.js';
import type { LoadFailure } from '../http/retrying-loader.js';
import { Revocations } from '../tokens/verify/revocations.js';
import { SigningKeys } from '../tokens/verify/signing-keys.js';

/** How it stands with Authentik, as far as this app has noticed. */
export interface AuthentikStanding {
  /**
   * `up`: the last calls were answered, or the first one, at the start, has no answer yet. `degraded`: a call failed, or
   * Redis or the app's own `store` is away, and what is known of the app's own application still serves. `down`: its tokens
   * cannot be judged, and are answered 503.
   */
  readonly status: 'up' | 'degraded' | 'down';
  /** Why, in a sentence for operators; absent while `up`. */
  readonly reason?: string;
  /** Since when calls fail; absent while `up`. */
  readonly since?: Date;
}

/** Tells how it stands with Authentik. Does no I/O: it repeats what the start and the last requests of this app have found out. */
@Injectable()
export class AuthentikStatus {
  constructor(
    private readonly discovery: AuthentikDiscovery,
    private readonly keys: SigningKeys,
    private readonly revocations: Revocations,
  ) {}

  get current(): AuthentikStanding {
    const { outage } = this.revocations;
    const calls = [...this.discovery.all, ...this.keys.all].flatMap(({ failure }) => failure ?? []);
    const first = [...calls, ...(outage === undefined ? [] : [outage])].reduce<LoadFailure | undefined>(
      (earliest, failure) => (earliest === undefined || failure.since < earliest.since ? failure : earliest),
      undefined,
    );
    if (first === undefined) return { status: 'up' };
    const [own] = this.keys.all;
    const isDown = outage?.isTooLong === true || (calls.length > 0 && own?.isKnown !== true);
    return { status: isDown ? 'down' : 'degraded', reason: first.reason, since: first.since };
  }
}
