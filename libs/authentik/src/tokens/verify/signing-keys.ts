import { Inject, Injectable } from '@nestjs/common';

import { AUTHENTIK_OPTIONS } from '../../authentik.constants.js';
import { AuthentikDiscovery } from '../../discovery/authentik-discovery.js';
import { AuthentikFetch } from '../../discovery/authentik-fetch.js';
import { AuthentikLogger } from '../../observability/authentik-logger.js';
import type { AuthentikApplication, ResolvedAuthentikOptions } from '../../options/index.js';
import { ApplicationKeys } from './application-keys.js';

/** The public keys of all applications whose tokens count, each application its own. */
@Injectable()
export class SigningKeys {
  private readonly byApplication: ReadonlyMap<AuthentikApplication, ApplicationKeys>;

  constructor(
    @Inject(AUTHENTIK_OPTIONS) { applications, tokens: { staleKeysSeconds } }: ResolvedAuthentikOptions,
    discovery: AuthentikDiscovery,
    { fetch }: AuthentikFetch,
    logger: AuthentikLogger,
  ) {
    this.byApplication = new Map(
      applications.map((application) => [
        application,
        new ApplicationKeys({ application, discovery, fetch, logger, staleKeysSeconds }),
      ]),
    );
  }

  /** What is known of each application's keys, without asking. */
  get all(): readonly ApplicationKeys[] {
    return [...this.byApplication.values()];
  }

  /** @param application one of the options' `applications` */
  of(application: AuthentikApplication): ApplicationKeys {
    const keys = this.byApplication.get(application);
    if (keys === undefined) throw new TypeError('Not an application of these options.');
    return keys;
  }
}
