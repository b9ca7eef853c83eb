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
