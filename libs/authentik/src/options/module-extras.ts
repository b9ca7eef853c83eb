/** All doors of the module. */
export const authentikFeatures = ['bearer', 'session', 'wellKnown'] as const;

/**
 * A door of the module. `bearer`: access tokens in the `Authorization` header. `session`: browsers sign in and come with
 * a cookie; needs the options `session`. `wellKnown`: the RFC 9728 documents.
 */
export type AuthentikFeature = (typeof authentikFeatures)[number];

/** What shapes the module. Nest fixes it before any `useFactory` runs, so it stands beside the options, not in them. */
export interface AuthentikModuleExtras {
  /** Whether other modules can inject without importing. Default true. */
  isGlobal?: boolean;
  /** Whether every handler of the app asks for a signed-in user; `@Public()` lifts it. Default false. */
  globalGuards?: boolean;
  /** Doors to open. Default `['bearer', 'wellKnown']`. */
  features?: AuthentikFeature[];
  /** Where the routes of the feature `session` are: `/auth/login`, `/auth/callback` and so on for the prefix `auth`. */
  routes?: {
    /** Path below `publicUrl`, without slashes at its ends. A global prefix of the app does not move it. Default `auth`. */
    prefix?: string;
  };
}

export const defaultExtras: Required<AuthentikModuleExtras> = {
  isGlobal: true,
  globalGuards: false,
  features: ['bearer', 'wellKnown'],
  routes: { prefix: 'auth' },
};
