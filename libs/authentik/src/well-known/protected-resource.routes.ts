import { Injectable } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';

import { ProtectedResources } from '../protected-resource/protected-resources.js';

const headers = {
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Allow-Methods': 'GET, HEAD, OPTIONS',
  // SDK clients send this one with every request of theirs.
  'Access-Control-Allow-Headers': 'MCP-Protocol-Version',
  'Cache-Control': 'public, max-age=300',
};

/**
 * Serves the RFC 9728 documents. They stand at fixed places of the origin, so they are mounted at the HTTP adapter:
 * neither a global prefix nor versioning nor a guard of the app moves or hides them.
 */
@Injectable()
export class ProtectedResourceRoutes {
  constructor(
    private readonly adapterHost: HttpAdapterHost,
    private readonly resources: ProtectedResources,
  ) {}

  mount(): void {
    for (const { paths, metadata } of this.resources.documents()) {
      for (const path of paths) this.serve(path, metadata);
    }
  }

  private serve(path: string, body: object): void {
    const { httpAdapter } = this.adapterHost;
    const answer = (response: unknown, status: number, content?: object) => {
      for (const [name, value] of Object.entries(headers)) httpAdapter.setHeader?.(response, name, value);
      httpAdapter.reply(response, content, status);
    };
    // Express answers HEAD from the GET route.
    httpAdapter.get(path, (_request: unknown, response: unknown) => answer(response, 200, body));
    httpAdapter.options(path, (_request: unknown, response: unknown) => answer(response, 204));
  }
}
