import { Inject, Injectable, Logger } from '@nestjs/common';
import type { Configuration, CustomFetchOptions, ServerMetadata } from 'openid-client';

import { AUTHENTIK_OPTIONS } from '../authentik.constants.js';
import { type BoundedFetch, createBoundedFetch } from '../http/bounded-fetch.js';
import { RetryingLoader } from '../http/retrying-loader.js';
import type { ResolvedAuthentikOptions } from '../options/index.js';

const maxBodyBytes = 1024 * 1024;
const maxAgeMs = 3600 * 1000;

/**
 * Authentik's own description of itself, read through `openid-client` when it is first needed: the app starts when
 * Authentik is down. Kept for an hour, and for longer while Authentik cannot be reached.
 * @see OpenID Connect Discovery 1.0 §4
 */
@Injectable()
export class AuthentikDiscovery {
  /** For all calls to Authentik: bounded in time and size, no redirects. */
  readonly fetch: BoundedFetch;
  private readonly logger = new Logger('Authentik');
  private readonly loader: RetryingLoader<Configuration>;
  private known: { configuration: Configuration; readAtMs: number } | undefined;

  constructor(@Inject(AUTHENTIK_OPTIONS) private readonly options: ResolvedAuthentikOptions) {
    this.fetch = createBoundedFetch({ timeoutMs: options.timeoutMs, maxBodyBytes });
    this.loader = new RetryingLoader({
      endpoint: 'discovery',
      load: () => this.discover(),
      now: () => performance.now(),
      onFailure: (error) => this.logger.warn(`${this.options.issuer} cannot be used now: ${causeOf(error)}`),
    });
  }

  /**
   * The provider metadata.
   * @throws {AuthentikUnavailableError} it was never read and cannot be read now
   */
  async serverMetadata(): Promise<ServerMetadata> {
    return (await this.configuration()).serverMetadata();
  }

  /**
   * The discovered `openid-client` configuration.
   * @throws {AuthentikUnavailableError} it was never read and cannot be read now
   */
  async configuration(): Promise<Configuration> {
    if (this.known === undefined) return this.load();
    if (performance.now() - this.known.readAtMs > maxAgeMs && !this.loader.isPaused) {
      // In the background: what we know is good until something better is known.
      this.load().catch(() => undefined);
    }
    return this.known.configuration;
  }

  private async load(): Promise<Configuration> {
    const configuration = await this.loader.load();
    this.known = { configuration, readAtMs: performance.now() };
    return configuration;
  }

  private async discover(): Promise<Configuration> {
    const { issuer, clientId, clientSecret, timeoutMs } = this.options;
    const { allowInsecureRequests, customFetch, discovery } = await import('openid-client');
    const configuration = await discovery(new URL(issuer), clientId, clientSecret, undefined, {
      // The options let plain http through for loopback only, or where somebody said so.
      ...(issuer.startsWith('http:') && { execute: [allowInsecureRequests] }),
      [customFetch]: (address: string, init: CustomFetchOptions) => this.fetch(address, init as RequestInit),
      timeout: timeoutMs / 1000,
    });
    checkOrigins(configuration.serverMetadata(), issuer);
    return configuration;
  }
}

/** Authentik serves all its endpoints itself: one on another origin means that somebody else wrote the document. */
function checkOrigins(metadata: ServerMetadata, issuer: string): void {
  const { origin } = new URL(issuer);
  for (const [name, value] of Object.entries(metadata)) {
    if (typeof value !== 'string' || !/(?:_endpoint|_uri)$/u.test(name)) continue;
    if (!URL.canParse(value) || new URL(value).origin !== origin) {
      throw new Error(
        `its metadata names a ${name} outside of ${origin}. Compare the address that Authentik is called by with "url".`,
      );
    }
  }
}

function causeOf(error: unknown): string {
  const messages: string[] = [];
  for (let current = error; current instanceof Error && messages.length < 4; current = current.cause) {
    const code = (current as { code?: unknown }).code;
    messages.push(typeof code === 'string' ? `${current.message} (${code})` : current.message);
  }
  return messages.join(': ');
}
