import { ProtectedResourceRoutes } from './protected-resource.routes.js';

export const wellKnownFeature = { providers: [ProtectedResourceRoutes], exports: [] };
