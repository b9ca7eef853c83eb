import { LegacyMetadataRoutes } from './legacy-metadata.routes.js';
import { ProtectedResourceRoutes } from './protected-resource.routes.js';

export const wellKnownFeature = { providers: [ProtectedResourceRoutes, LegacyMetadataRoutes], exports: [] };
