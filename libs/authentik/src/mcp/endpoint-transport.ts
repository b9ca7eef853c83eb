import type { IncomingMessage } from 'node:http';

import { StreamableHttpTransport } from '@rekog/mcp-nest';

import { obviousEra } from './protocol-era.js';

type Kind = Parameters<StreamableHttpTransport['notifyListChanged']>[0];

// mcp-nest's types name the members that it keeps to itself, and not what they are.
interface SessionServer {
  readonly server: { notification(notification: { readonly method: string }): Promise<void> };
}

type ServedByModernEra = (request: IncomingMessage, body: unknown) => boolean;

const firstOf = (header: string | string[] | undefined) => (Array.isArray(header) ? header.join(', ') : header);

const notifications = {
  tools: 'notifications/tools/list_changed',
  resources: 'notifications/resources/list_changed',
  prompts: 'notifications/prompts/list_changed',
} as const;

/**
 * mcp-nest's transport, as our endpoints have it. It tells sessions too that a list has changed, where by itself it tells
 * subscribers of protocol 2026-07-28 alone, although it promises both; and it sees at a look which era a message is of.
 */
export class EndpointTransport extends StreamableHttpTransport {
  constructor(options: ConstructorParameters<typeof StreamableHttpTransport>[0]) {
    super(options);
    const look = (this['servedByModernEra'] as ServedByModernEra | undefined)?.bind(this);
    // A private method of mcp-nest: should it ever be called something else, calls are as slow as without this.
    if (look === undefined) return;
    const own: ServedByModernEra = (request, body) => {
      const era = obviousEra({ body, protocolVersion: firstOf(request.headers['mcp-protocol-version']) });
      return era === undefined ? look(request, body) : era === 'modern';
    };
    Object.defineProperty(this, 'servedByModernEra', { value: own });
  }

  override notifyListChanged(kind: Kind): void {
    super.notifyListChanged(kind);
    for (const { server } of Object.values(this['servers'] as Readonly<Record<string, SessionServer>>)) {
      // Rejects where a session has been told that there is no such list; it is about to end.
      server.notification({ method: notifications[kind] }).catch(() => undefined);
    }
  }

  /** Ends what is kept of a session; unknown ids are fine. */
  endSession(id: string): void {
    void this['cleanupSession'](id);
  }
}
