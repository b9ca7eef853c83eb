import { Inject, Injectable } from '@nestjs/common';
import type { Configuration, ServerMetadata } from 'openid-client';

import { AUTHENTIK_OPTIONS } from '../authentik.constants.js';
import { AuthentikLogger } from '../observability/authentik-logger.js';
import type { AuthentikApplication, ResolvedAuthentikOptions } from '../options/index.js';
import { ApplicationMetadata } from './application-metadata.js';
import { AuthentikFetch } from './authentik-fetch.js';

/**
 * Authentik's own description of itself, read through `openid-client` when it is first needed, or in the background of the
 * start: the app starts when Authentik is down. Kept for an hour, and for longer while Authentik cannot be reached.
 * @see OpenID Connect Discovery 1.0 §4
 */
@Injectable()
export class AuthentikDiscovery {
  private readonly own: AuthentikApplication;
  private readonly byApplication: ReadonlyMap<AuthentikApplication, ApplicationMetadata>;

  constructor(
    @Inject(AUTHENTIK_OPTIONS) options: ResolvedAuthentikOptions,
    { fetch }: AuthentikFetch,
    logger: AuthentikLogger,
  ) {
    [this.own] = options.applications;
    this.byApplication = new Map(
      options.applications.map((application) => [
        application,
        new ApplicationMetadata(application, options, fetch, logger),
      ]),
    );
  }

  /** What is known of each application, without asking. */
  get all(): readonly ApplicationMetadata[] {
    return [...this.byApplication.values()];
  }

  /**
   * The provider metadata.
   * @param application one of the options' `applications`; default the app's own
   * @throws {AuthentikUnavailableError} it was never read and cannot be read now
   */
  async serverMetadata(application = this.own): Promise<ServerMetadata> {
    return (await this.configuration(application)).serverMetadata();
  }

  /**
   * The discovered `openid-client` configuration.
   * @throws {AuthentikUnavailableError} it was never read and cannot be read now
   */
  configuration(application = this.own): Promise<Configuration> {
    const metadata = this.byApplication.get(application);
    if (metadata === undefined) throw new TypeError('Not an application of these options.');
    return metadata.configuration();
  }
}
