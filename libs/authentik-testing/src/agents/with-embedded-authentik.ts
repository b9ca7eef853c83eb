import type { EmbeddedAuthentik } from '../embedded/embedded-authentik.js';
import { AuthentikTestingError } from '../embedded/errors.js';
import { embeddedAuthentik } from './which-authentik.js';

/** The part of Nest's `TestingModuleBuilder` that is used here. */
interface OverridableModule<Builder> {
  overrideProvider(token: symbol): { useValue(value: unknown): Builder };
}

/** Options of `AuthentikModule` that are read or changed. */
interface ModuleOptions {
  readonly url: string;
  readonly applicationSlug: string;
  readonly clientId: string;
  readonly clientSecret?: string;
  readonly issuerMode?: 'per_provider' | 'global';
  readonly internalUrl?: string;
  readonly scopes?: readonly string[];
  readonly trustedApplications?: readonly Pick<ModuleOptions, 'applicationSlug' | 'clientId' | 'clientSecret'>[];
}

/**
 * Puts an embedded Authentik behind an app that is configured for a real one: only the address changes, all other options
 * stay as the app has them. Its applications are added under their slugs and client ids.
 *
 *     const builder = Test.createTestingModule({ imports: [AppModule] });
 *     const testing = await (await withEmbeddedAuthentik(builder)).compile();
 *     // …set(await actingAs({ groups: ['engineering'], application: 'reports' }))
 *
 * @param authentik default: the one that runs in this process; if none does, one is started that needs no `stop()`
 * @throws {AuthentikTestingError} more than one runs, or `nestjs-authentik` is not installed
 */
export async function withEmbeddedAuthentik<Builder>(
  builder: OverridableModule<Builder>,
  authentik?: EmbeddedAuthentik,
): Promise<Builder> {
  const embedded = authentik ?? (await embeddedAuthentik());
  return builder.overrideProvider(await overrideToken()).useValue((options: ModuleOptions) => {
    const { trustedApplications = [], issuerMode = 'per_provider', scopes } = options;
    for (const { applicationSlug: slug, clientId, clientSecret } of [options, ...trustedApplications]) {
      if (embedded.applications.some((known) => known.slug === slug)) continue;
      embedded.addApplication({
        slug,
        clientId,
        issuerMode,
        ...(clientSecret !== undefined && { clientSecret }),
        ...(scopes !== undefined && { scopes }),
      });
    }
    const { internalUrl: _, ...rest } = options;
    return { ...rest, url: embedded.url };
  });
}

/** The package is loaded here alone: whoever tests something else need not have it. */
async function overrideToken(): Promise<symbol> {
  try {
    const { AUTHENTIK_OPTIONS_OVERRIDE } = (await import('nestjs-authentik')) as {
      AUTHENTIK_OPTIONS_OVERRIDE: symbol;
    };
    return AUTHENTIK_OPTIONS_OVERRIDE;
  } catch (cause) {
    throw new AuthentikTestingError(
      'ERR_AUTHENTIK_TESTING_CONFIG',
      '`withEmbeddedAuthentik` needs the package nestjs-authentik. Install it beside nestjs-authentik-testing.',
      { cause },
    );
  }
}
