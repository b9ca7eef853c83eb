import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';

import type { ApplicationMetadata } from './application-metadata.js';
import { AuthentikDiscovery } from './authentik-discovery.js';

const firstPauseMs = 1_000;
const longestPauseMs = 30_000;

/**
 * Reads Authentik's metadata as soon as the app stands, so that the log names a wrong address before the first user meets
 * it. Nobody waits for it. Tried again until it has succeeded once: an app that is kept from traffic since its
 * `AuthentikStatus` is `down` would never learn otherwise that Authentik is up.
 */
@Injectable()
export class FirstContact implements OnApplicationBootstrap, OnApplicationShutdown {
  private timer: NodeJS.Timeout | undefined;
  private hasEnded = false;

  constructor(private readonly discovery: AuthentikDiscovery) {}

  onApplicationBootstrap(): void {
    // Of the app's own application: of the others nothing is known that would make up for one that fails.
    const [own] = this.discovery.all;
    if (own !== undefined) void this.read(own, firstPauseMs);
  }

  onApplicationShutdown(): void {
    this.hasEnded = true;
    clearTimeout(this.timer);
    for (const metadata of this.discovery.all) metadata.stop();
  }

  private async read(metadata: ApplicationMetadata, pauseMs: number): Promise<void> {
    try {
      await metadata.configuration();
    } catch {
      // The one who read it has said what is wrong.
      if (this.hasEnded) return;
      const again = () => void this.read(metadata, Math.min(pauseMs * 2, longestPauseMs));
      this.timer = setTimeout(again, pauseMs).unref();
    }
  }
}
