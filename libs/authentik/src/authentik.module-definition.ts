import { ConfigurableModuleBuilder } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';

import { AuthentikAuthGuard } from './access/authentik-auth.guard.js';
import { GroupsGuard, ScopesGuard } from './access/rights.guards.js';
import { AUTHENTIK_EXTRAS, AUTHENTIK_RAW_OPTIONS } from './authentik.constants.js';
import type { AuthentikOptions } from './options/index.js';

/** A door of the module. `bearer`: access tokens in the `Authorization` header. `wellKnown`: the RFC 9728 documents. */
export type AuthentikFeature = 'bearer' | 'wellKnown';

/** What shapes the module. Nest fixes it before any `useFactory` runs, so it stands beside the options, not in them. */
export interface AuthentikModuleExtras {
  /** Whether other modules can inject without importing. Default true. */
  isGlobal?: boolean;
  /** Whether every handler of the app asks for a signed-in user; `@Public()` lifts it. Default false. */
  globalGuards?: boolean;
  /** Doors to open. Default `['bearer', 'wellKnown']`. */
  features?: AuthentikFeature[];
}

export const defaultExtras: Required<AuthentikModuleExtras> = {
  isGlobal: true,
  globalGuards: false,
  features: ['bearer', 'wellKnown'],
};

export const { ConfigurableModuleClass, OPTIONS_TYPE, ASYNC_OPTIONS_TYPE } =
  new ConfigurableModuleBuilder<AuthentikOptions>({ optionsInjectionToken: AUTHENTIK_RAW_OPTIONS })
    .setClassMethodName('forRoot')
    .setFactoryMethodName('createAuthentikOptions')
    .setExtras<AuthentikModuleExtras>(defaultExtras, (definition, extras) => {
      const resolved = { ...defaultExtras, ...extras };
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
        ],
      };
    })
    .build();
