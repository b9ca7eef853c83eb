import { Inject, Injectable } from '@nestjs/common';

import { AUTHENTIK_OPTIONS } from '../authentik.constants.js';
import { type BoundedFetch, createBoundedFetch } from '../http/bounded-fetch.js';
import { createInternalFetch } from '../http/internal-fetch.js';
import type { ResolvedAuthentikOptions } from '../options/index.js';

const maxBodyBytes = 1024 * 1024;

/** How this process calls Authentik: bounded in time and size, no redirects, by `internalUrl` where there is one. */
@Injectable()
export class AuthentikFetch {
  readonly fetch: BoundedFetch;

  constructor(@Inject(AUTHENTIK_OPTIONS) { url, internalUrl, timeoutMs }: ResolvedAuthentikOptions) {
    this.fetch = createBoundedFetch({
      timeoutMs,
      maxBodyBytes,
      ...(internalUrl !== undefined && { fetch: createInternalFetch(url, internalUrl) }),
    });
  }
}
