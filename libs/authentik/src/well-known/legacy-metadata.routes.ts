import { Inject, Injectable } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';

import { AUTHENTIK_OPTIONS } from '../authentik.constants.js';
import { AuthentikDiscovery } from '../discovery/authentik-discovery.js';
import { AuthentikError } from '../errors/index.js';
import type { ResolvedAuthentikOptions } from '../options/index.js';
import { toWire } from '../protocol/to-wire.js';
import { cacheable, type DocumentAnswer, mountDocument } from './document-route.js';

/**
 * Serves a copy of Authentik's metadata where MCP clients of the protocol of March 2025 look for it: at our own origin.
 * Only where `legacyMetadata` asks for it, for its `issuer` is Authentik's and cannot match this address.
 * @see RFC 8414 §3.3
 */
@Injectable()
export class LegacyMetadataRoutes {
  constructor(
    private readonly adapterHost: HttpAdapterHost,
    private readonly discovery: AuthentikDiscovery,
    @Inject(AUTHENTIK_OPTIONS) private readonly options: ResolvedAuthentikOptions,
  ) {}

  mount(): void {
    if (!this.options.legacyMetadata) return;
    mountDocument(this.adapterHost.httpAdapter, '/.well-known/oauth-authorization-server', () => this.copy());
  }

  private async copy(): Promise<DocumentAnswer> {
    try {
      return cacheable(await this.discovery.serverMetadata());
    } catch (error) {
      if (!(error instanceof AuthentikError)) throw error;
      const { status, headers, error: word, description } = toWire(error, { scopes: [] });
      return { status, headers, body: { error: word, error_description: description } };
    }
  }
}
