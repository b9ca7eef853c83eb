import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';

import { AUTHENTIK_OPTIONS } from '../authentik.constants.js';
import { AuthentikDiscovery } from '../discovery/authentik-discovery.js';
import type { AuthentikApplication, ResolvedAuthentikOptions } from '../options/index.js';
import { SigningKeys } from '../tokens/verify/signing-keys.js';

const firstPauseMs = 1_000;
const longestPauseMs = 30_000;

/**
 * Reads Authentik's metadata and keys as soon as the app stands, so that the log names a wrong address before the first
 * user meets it, and tokens are judged even if Authentik goes away before the first of them. Nobody waits for it. Tried
 * again until it has succeeded once: an app that is kept from traffic since its `AuthentikStatus` is `down` would never
 * learn otherwise that Authentik is up.
 */
@Injectable()
export class FirstContact implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly timers = new Set<NodeJS.Timeout>();
  private hasEnded = false;

  constructor(
    @Inject(AUTHENTIK_OPTIONS) private readonly options: ResolvedAuthentikOptions,
    private readonly discovery: AuthentikDiscovery,
    private readonly keys: SigningKeys,
  ) {}

  onApplicationBootstrap(): void {
    const [own, ...others] = this.options.applications;
    void this.read(() => this.prepareOwn(own), firstPauseMs);
    // Each by itself: one that cannot be read keeps no other waiting.
    for (const other of others) {
      if (this.needsKeys(other)) void this.read(() => this.keys.of(other).ready(), firstPauseMs);
    }
  }

  onApplicationShutdown(): void {
    this.hasEnded = true;
    for (const timer of this.timers) clearTimeout(timer);
    for (const metadata of this.discovery.all) metadata.stop();
    for (const keys of this.keys.all) keys.stop();
  }

  private async prepareOwn(application: AuthentikApplication): Promise<void> {
    await this.discovery.configuration(application);
    if (this.needsKeys(application)) await this.keys.of(application).ready();
  }

  private async read(ask: () => Promise<void>, pauseMs: number): Promise<void> {
    try {
      await ask();
    } catch {
      // The one who read it has said what is wrong.
      if (this.hasEnded) return;
      const timer = setTimeout(() => {
        this.timers.delete(timer);
        void this.read(ask, Math.min(pauseMs * 2, longestPauseMs));
      }, pauseMs).unref();
      this.timers.add(timer);
    }
  }

  /** A provider that signs with its client secret publishes none. */
  private needsKeys({ clientSecret }: AuthentikApplication): boolean {
    const { validation, acceptHs256 } = this.options.tokens;
    return validation !== 'introspect' && !(acceptHs256 && clientSecret !== undefined);
  }
}
