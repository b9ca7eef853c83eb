import { Injectable } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';

import { ProtectedResources } from '../protected-resource/protected-resources.js';
import { cacheable, mountDocument } from './document-route.js';

/** Serves the RFC 9728 document of each resource of this app. */
@Injectable()
export class ProtectedResourceRoutes {
  constructor(
    private readonly adapterHost: HttpAdapterHost,
    private readonly resources: ProtectedResources,
  ) {}

  mount(): void {
    for (const { paths, metadata } of this.resources.documents()) {
      for (const path of paths) mountDocument(this.adapterHost.httpAdapter, path, () => cacheable(metadata));
    }
  }
}
