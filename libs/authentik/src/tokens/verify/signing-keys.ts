import { Inject, Injectable, Logger } from '@nestjs/common';
import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';

import { AUTHENTIK_OPTIONS } from '../../authentik.constants.js';
import { AuthentikDiscovery } from '../../discovery/authentik-discovery.js';
import { AuthentikUnavailableError } from '../../errors/index.js';
import { RetryingLoader } from '../../http/retrying-loader.js';
import type { ResolvedAuthentikOptions } from '../../options/index.js';

/** An unknown `kid` asks Authentik again at most this often, so that a flood of them does not become one of ours. */
const cooldownMs = 5_000;
/** Older keys are read again in the background. */
const maxAgeMs = 5 * 60 * 1000;

interface KnownKeys {
  readonly find: JWTVerifyGetKey;
  readonly readAtMs: number;
}

/**
 * The public keys of the application's provider. Authentik shows only the current one, so a rotated key is unknown
 * until the set is read again.
 */
@Injectable()
export class SigningKeys {
  private readonly logger = new Logger('Authentik');
  private readonly loader: RetryingLoader<KnownKeys>;
  private known: KnownKeys | undefined;

  constructor(
    private readonly discovery: AuthentikDiscovery,
    @Inject(AUTHENTIK_OPTIONS) private readonly options: ResolvedAuthentikOptions,
  ) {
    this.loader = new RetryingLoader({
      endpoint: 'jwks',
      load: () => this.read(),
      now: () => performance.now(),
      onFailure: (error) => {
        // Discovery has said it already.
        if (error instanceof AuthentikUnavailableError) return;
        this.logger.warn(`The keys of ${options.issuer} cannot be read now: ${String(error)}`);
      },
    });
  }

  /**
   * For `jose`: the key that the token's header names.
   * @throws {AuthentikUnavailableError} the keys are not known and cannot be read now
   * @throws {errors.JWKSNoMatchingKey} Authentik has no such key
   */
  readonly find: JWTVerifyGetKey = async (header, token) => {
    const known = await this.current();
    try {
      return await known.find(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      if (performance.now() - known.readAtMs < cooldownMs || this.loader.isPaused) throw error;
      return (await this.load()).find(header, token);
    }
  };

  private async current(): Promise<KnownKeys> {
    if (this.known === undefined) return this.load();
    const ageMs = performance.now() - this.known.readAtMs;
    if (ageMs > maxAgeMs + this.options.tokens.staleKeysSeconds * 1000) return this.load();
    if (ageMs > maxAgeMs && !this.loader.isPaused) this.load().catch(() => undefined);
    return this.known;
  }

  private async load(): Promise<KnownKeys> {
    this.known = await this.loader.load();
    return this.known;
  }

  private async read(): Promise<KnownKeys> {
    const { jwks_uri: url } = await this.discovery.serverMetadata();
    if (url === undefined) throw new Error('the provider metadata names no jwks_uri.');
    const response = await this.discovery.fetch(url, { headers: { accept: 'application/json' } });
    if (response.status !== 200) throw new Error(`jwks_uri answered ${response.status}.`);
    const body = (await response.json()) as Partial<JSONWebKeySet>;
    // Authentik answers `{}` when the provider has no signing key and signs with its secret instead.
    if (body.keys === undefined) {
      this.logger.error(
        `The provider of ${this.options.issuer} has no "Signing Key", so its tokens cannot be verified. Choose one there.`,
      );
    }
    return { find: createLocalJWKSet({ keys: body.keys ?? [] }), readAtMs: performance.now() };
  }
}
