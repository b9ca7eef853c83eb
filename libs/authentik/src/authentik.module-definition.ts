import { ConfigurableModuleBuilder } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';

import { AuthentikAuthGuard } from './access/authentik-auth.guard.js';
import { GroupsGuard, ScopesGuard } from './access/rights.guards.js';
import { AUTHENTIK_EXTRAS, AUTHENTIK_RAW_OPTIONS, AUTHENTIK_REQUEST_AUTHENTICATORS } from './authentik.constants.js';
import { BearerAuthenticator } from './bearer/bearer.authenticator.js';
import type { AuthentikOptions } from './options/index.js';
import { type AuthentikModuleExtras, defaultExtras } from './options/module-extras.js';
import type { RequestAuthenticator } from './rules/request-authentication.js';
import { SessionAuthenticator } from './session/session.authenticator.js';
import { sessionFeature } from './session/session.feature.js';

export const { ConfigurableModuleClass, OPTIONS_TYPE, ASYNC_OPTIONS_TYPE } =
  new ConfigurableModuleBuilder<AuthentikOptions>({ optionsInjectionToken: AUTHENTIK_RAW_OPTIONS })
    .setClassMethodName('forRoot')
    .setFactoryMethodName('createAuthentikOptions')
    .setExtras<AuthentikModuleExtras>(defaultExtras, (definition, extras) => {
      const resolved = { ...defaultExtras, ...extras };
      const hasSessions = resolved.features.includes('session');
      const guards = [
        { provide: APP_GUARD, useExisting: AuthentikAuthGuard },
        { provide: APP_GUARD, useExisting: GroupsGuard },
        { provide: APP_GUARD, useExisting: ScopesGuard },
      ];
      return {
        ...definition,
        global: resolved.isGlobal,
        providers: [
          ...(definition.providers ?? []),
          { provide: AUTHENTIK_EXTRAS, useValue: resolved },
          ...(resolved.globalGuards ? guards : []),
          ...(hasSessions ? sessionFeature.providers : []),
          {
            provide: AUTHENTIK_REQUEST_AUTHENTICATORS,
            inject: [
              ...(resolved.features.includes('bearer') ? [BearerAuthenticator] : []),
              ...(hasSessions ? [SessionAuthenticator] : []),
            ],
            useFactory: (...authenticators: RequestAuthenticator[]) => authenticators,
          },
        ],
        exports: [...(definition.exports ?? []), ...(hasSessions ? sessionFeature.exports : [])],
      };
    })
    .build();
