import {
  Inject,
  type MiddlewareConsumer,
  Module,
  type NestModule,
  type OnApplicationBootstrap,
  Optional,
} from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';

import { accessFeature } from './access/access.feature.js';
import { AuthentikExceptionFilter } from './authentik-exception.filter.js';
import {
  AUTHENTIK_EXTRAS,
  AUTHENTIK_OPTIONS,
  AUTHENTIK_OPTIONS_OVERRIDE,
  AUTHENTIK_RAW_OPTIONS,
} from './authentik.constants.js';
import { ConfigurableModuleClass } from './authentik.module-definition.js';
import { bearerFeature } from './bearer/bearer.feature.js';
import { AuthentikDiscovery } from './discovery/authentik-discovery.js';
import { AuthentikFetch } from './discovery/authentik-fetch.js';
import { type AuthentikOptions, type AuthentikOptionsOverride, resolveOptions } from './options/index.js';
import type { AuthentikModuleExtras } from './options/module-extras.js';
import { AuthentikLogger } from './observability/authentik-logger.js';
import { ProtectedResources } from './protected-resource/protected-resources.js';
import { Refusals } from './rules/refusals.js';
import { RequestAuthentication } from './rules/request-authentication.js';
import { storeProviders } from './stores/store.providers.js';
import { AuthentikTokenService } from './tokens/authentik-token.service.js';
import { ClientCredentials } from './tokens/grants/client-credentials.js';
import { SharedRefreshes } from './tokens/grants/shared-refreshes.js';
import { TokenExchanger } from './tokens/grants/token-exchanger.js';
import { TokenInspector } from './tokens/grants/token-inspector.js';
import { TokenRefresher } from './tokens/grants/token-refresher.js';
import { IntrospectionVerifier } from './tokens/verify/introspection.verifier.js';
import { Revocations } from './tokens/verify/revocations.js';
import { TokenVerifier } from './tokens/verify/token.verifier.js';
import { UserInfoVerifier } from './tokens/verify/user-info.verifier.js';
import { AuthentikStatus } from './health/authentik-status.js';
import { FirstContact } from './health/first-contact.js';
import { JwtVerifier } from './tokens/verify/jwt.verifier.js';
import { SigningKeys } from './tokens/verify/signing-keys.js';
import { CsrfGuard } from './session/csrf/csrf.guard.js';
import { SessionRoutes } from './session/mount/session-routes.js';
import { LegacyMetadataRoutes } from './well-known/legacy-metadata.routes.js';
import { ProtectedResourceRoutes } from './well-known/protected-resource.routes.js';
import { wellKnownFeature } from './well-known/well-known.feature.js';

/**
 * Puts an Authentik in front of a Nest app. `AuthentikModule.forRoot({ url, applicationSlug, clientId, publicUrl })`
 * in the root module is all it needs; then name rights with `@Authenticated()` and `@AllowedGroups()`.
 */
@Module({
  providers: [
    { provide: AUTHENTIK_OPTIONS_OVERRIDE, useValue: (options: AuthentikOptions) => options },
    {
      provide: AUTHENTIK_OPTIONS,
      inject: [AUTHENTIK_RAW_OPTIONS, AUTHENTIK_EXTRAS, AUTHENTIK_OPTIONS_OVERRIDE],
      useFactory: async (
        options: AuthentikOptions,
        extras: Required<AuthentikModuleExtras>,
        override: AuthentikOptionsOverride,
      ) => resolveOptions(await override(options), extras),
    },
    { provide: APP_FILTER, useClass: AuthentikExceptionFilter },
    AuthentikLogger,
    ...storeProviders,
    AuthentikFetch,
    AuthentikDiscovery,
    FirstContact,
    SigningKeys,
    JwtVerifier,
    IntrospectionVerifier,
    Revocations,
    UserInfoVerifier,
    TokenVerifier,
    SharedRefreshes,
    TokenRefresher,
    TokenInspector,
    ClientCredentials,
    TokenExchanger,
    AuthentikTokenService,
    AuthentikStatus,
    ProtectedResources,
    RequestAuthentication,
    Refusals,
    ...bearerFeature.providers,
    ...accessFeature.providers,
    CsrfGuard,
    ...wellKnownFeature.providers,
  ],
  exports: [
    AUTHENTIK_OPTIONS,
    AuthentikTokenService,
    AuthentikStatus,
    ProtectedResources,
    RequestAuthentication,
    Refusals,
    ...bearerFeature.exports,
    ...accessFeature.exports,
    CsrfGuard,
    ...wellKnownFeature.exports,
  ],
})
export class AuthentikModule extends ConfigurableModuleClass implements NestModule, OnApplicationBootstrap {
  constructor(
    @Inject(AUTHENTIK_EXTRAS) private readonly extras: Required<AuthentikModuleExtras>,
    private readonly protectedResourceRoutes: ProtectedResourceRoutes,
    private readonly legacyMetadataRoutes: LegacyMetadataRoutes,
    private readonly resources: ProtectedResources,
    @Optional() private readonly sessionRoutes?: SessionRoutes,
  ) {
    super();
  }

  /** Called while the app initialises, before its own routes are registered. */
  async configure(_consumer: MiddlewareConsumer): Promise<void> {
    if (this.extras.features.includes('wellKnown')) {
      this.protectedResourceRoutes.mount();
      this.legacyMetadataRoutes.mount();
    }
    await this.sessionRoutes?.mount();
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.sessionRoutes?.start();
    await this.resources.start();
  }
}
