import { type BeforeApplicationShutdown, Inject, Injectable } from '@nestjs/common';

import { AUTHENTIK_EXTRAS, AUTHENTIK_OPTIONS } from '../authentik.constants.js';
import type { ResolvedAuthentikOptions } from '../options/index.js';
import type { AuthentikModuleExtras } from '../options/module-extras.js';
import type { ProtectedResourceMetadata } from '../protocol/metadata.types.js';
import type { ChallengeContext } from '../protocol/to-wire.js';

const wellKnownPath = '/.well-known/oauth-protected-resource';

/** A document and the paths that serve it. */
export interface ProtectedResourceDocument {
  readonly paths: readonly string[];
  readonly metadata: ProtectedResourceMetadata;
}

/** An endpoint that is a resource of its own. */
export interface ProtectedEndpoint {
  /** With its first slash, as clients call it. */
  readonly path: string;
  /** For people: `resource_name`. */
  readonly name: string;
  readonly start: () => Promise<void>;
  /** Ends what would keep the HTTP server from closing. */
  readonly close: () => void;
}

/**
 * What this app protects, as clients name it. The whole origin is one resource; each MCP endpoint is one of its own,
 * and the first of them takes the root document over, because clients compare that one with the URL of the endpoint.
 * @see RFC 9728
 */
@Injectable()
export class ProtectedResources implements BeforeApplicationShutdown {
  private readonly endpoints = new Map<string, ProtectedEndpoint>();
  private readonly scopes: readonly string[];
  private started = false;

  constructor(
    @Inject(AUTHENTIK_OPTIONS) private readonly options: ResolvedAuthentikOptions,
    @Inject(AUTHENTIK_EXTRAS) private readonly extras: Required<AuthentikModuleExtras>,
  ) {
    // Clients add offline_access by themselves when Authentik lists it.
    this.scopes = options.scopes.filter((scope) => scope !== 'offline_access');
  }

  /**
   * Makes an endpoint a resource of its own.
   * @throws {Error} the path is taken, or the app has started already
   */
  register(endpoint: ProtectedEndpoint): void {
    if (this.started) throw new Error(`${endpoint.path} comes too late: connect it before app.init() or app.listen().`);
    if (this.endpoints.has(endpoint.path)) throw new Error(`${endpoint.path} is connected twice.`);
    this.endpoints.set(endpoint.path, endpoint);
  }

  /** Starts the endpoints; called once, when the app is initialised. */
  async start(): Promise<void> {
    this.started = true;
    for (const endpoint of this.endpoints.values()) await endpoint.start();
  }

  /** Nest closes the HTTP server next, and that waits for every open answer. */
  beforeApplicationShutdown(): void {
    for (const endpoint of this.endpoints.values()) endpoint.close();
  }

  /** Whether an endpoint was registered. */
  get hasEndpoints(): boolean {
    return this.endpoints.size > 0;
  }

  /** Resource identifier of a path: the URL as clients type it. @see RFC 9728 §2 */
  resourceOf(path: string): string {
    return `${this.options.publicUrl}${path}`;
  }

  /** What a challenge says to someone who called an endpoint, or another route of this app. */
  challengeContext(endpoint?: string): ChallengeContext {
    const { publicUrl } = this.options;
    // A link to a document that nobody serves helps nobody.
    if (!this.extras.features.includes('wellKnown')) return { scopes: this.scopes };
    if (endpoint !== undefined)
      return { scopes: this.scopes, resourceMetadata: `${publicUrl}${wellKnownPath}${endpoint}` };
    // A root document that names an MCP endpoint would be refused by clients of any other route.
    if (this.hasEndpoints) return { scopes: this.scopes };
    return { scopes: this.scopes, resourceMetadata: `${publicUrl}${wellKnownPath}` };
  }

  documents(): ProtectedResourceDocument[] {
    if (!this.hasEndpoints) {
      return [
        { paths: [wellKnownPath], metadata: this.metadata(this.options.publicUrl, this.options.applicationSlug) },
      ];
    }
    return [...this.endpoints.values()].map(({ path, name }, index) => ({
      paths: [`${wellKnownPath}${path}`, ...(index === 0 ? [wellKnownPath] : [])],
      metadata: this.metadata(this.resourceOf(path), name),
    }));
  }

  private metadata(resource: string, name: string): ProtectedResourceMetadata {
    return {
      resource,
      authorization_servers: [this.options.issuer],
      ...(this.scopes.length > 0 && { scopes_supported: this.scopes }),
      bearer_methods_supported: ['header'],
      resource_name: name,
    };
  }
}
