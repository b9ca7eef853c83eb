import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';

import { AUTHENTIK_OPTIONS } from '../authentik.constants.js';
import { AuthentikDiscovery } from '../discovery/authentik-discovery.js';
import type { ResolvedAuthentikOptions } from '../options/index.js';
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
  private timer: NodeJS.Timeout | undefined;
  private hasEnded = false;

  constructor(
    @Inject(AUTHENTIK_OPTIONS) private readonly options: ResolvedAuthentikOptions,
    private readonly discovery: AuthentikDiscovery,
    private readonly keys: SigningKeys,
  ) {}

  onApplicationBootstrap(): void {
    void this.read(firstPauseMs);
  }

  onApplicationShutdown(): void {
    this.hasEnded = true;
    clearTimeout(this.timer);
    for (const metadata of this.discovery.all) metadata.stop();
    for (const keys of this.keys.all) keys.stop();
  }

  private async read(pauseMs: number): Promise<void> {
    // Of the app's own application: of the others nothing is known that would make up for one that fails.
    const [metadata] = this.discovery.all;
    const [keys] = this.keys.all;
    try {
      await metadata?.configuration();
      if (this.needsKeys) await keys?.ready();
    } catch {
      // The one who read it has said what is wrong.
      if (this.hasEnded) return;
      const again = () => void this.read(Math.min(pauseMs * 2, longestPauseMs));
      this.timer = setTimeout(again, pauseMs).unref();
    }
  }

  /** A provider that signs with its client secret publishes none. */
  private get needsKeys(): boolean {
    const { validation, acceptHs256 } = this.options.tokens;
    return validation !== 'introspect' && !acceptHs256;
  }
}
