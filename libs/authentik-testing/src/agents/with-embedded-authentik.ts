import type { RedirectUri } from '../embedded/directory/redirect-uris.js';
import { DEFAULT_REDIRECT_URIS } from '../embedded/directory/seed.js';
import type { EmbeddedAuthentik } from '../embedded/embedded-authentik.js';
import { AuthentikTestingError } from '../embedded/errors.js';
import { embeddedAuthentik, rememberApplication } from './which-authentik.js';

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
  readonly publicUrl: string;
  readonly issuerMode?: 'per_provider' | 'global';
  readonly internalUrl?: string;
  readonly scopes?: readonly string[];
  readonly trustedApplications?: readonly Pick<ModuleOptions, 'applicationSlug' | 'clientId' | 'clientSecret'>[];
}

/** What stands in, and what else changes. */
export interface StandInOptions {
  /** Default: the one that runs in this process; if none does, one is started that needs no `stop()`. */
  readonly authentik?: EmbeddedAuthentik;
  /**
   * Another address of the app. Supertest speaks HTTP and sends no `Secure` cookies, so an app that people sign in to by
   * `https` needs `http://localhost:3000` here. Default: the app's own.
   */
  readonly publicUrl?: string;
}

/**
 * Puts an embedded Authentik behind an app that is configured for a real one: only the address changes, all other options
 * stay as the app has them. Its applications are added under their slugs and client ids.
 *
 *     const builder = await withEmbeddedAuthentik(Test.createTestingModule({ imports: [AppModule] }));
 *     const app = (await builder.compile()).createNestApplication();
 *
 * @throws {AuthentikTestingError} more than one runs, or `nestjs-authentik` is not installed
 */
export async function withEmbeddedAuthentik<Builder>(
  builder: OverridableModule<Builder>,
  standIn: StandInOptions = {},
): Promise<Builder> {
  const authentik = standIn.authentik ?? (await embeddedAuthentik());
  return builder.overrideProvider(await overrideToken()).useValue((given: ModuleOptions) => {
    const { internalUrl: _, ...options } = given;
    const publicUrl = standIn.publicUrl ?? options.publicUrl;
    addApplications(authentik, { ...options, publicUrl });
    rememberApplication(authentik, options.applicationSlug);
    return { ...options, publicUrl, url: authentik.url };
  });
}

/** The app's own, and those that it trusts besides. Those that Authentik has stay as they are. */
function addApplications(authentik: EmbeddedAuthentik, options: ModuleOptions): void {
  const { trustedApplications = [], issuerMode = 'per_provider', scopes, publicUrl } = options;
  const redirectUris = URL.canParse(publicUrl) ? ownRedirectUris(new URL(publicUrl).origin) : undefined;
  for (const { applicationSlug: slug, clientId, clientSecret } of [options, ...trustedApplications]) {
    if (authentik.applications.some((known) => known.slug === slug)) continue;
    authentik.addApplication({
      slug,
      clientId,
      issuerMode,
      ...(clientSecret !== undefined && { clientSecret }),
      ...(scopes !== undefined && { scopes }),
      ...(redirectUris !== undefined && { redirectUris }),
    });
  }
}

/** Every path of the app, for sign-in and for after the sign-out, beside those that an application has by default. */
function ownRedirectUris(origin: string): RedirectUri[] {
  const url = `${origin.replaceAll(/[.*+?^${}()|[\]\\]/gu, String.raw`\$&`)}/.*`;
  const own = (redirectUriType: 'authorization' | 'logout'): RedirectUri => ({
    matchingMode: 'regex',
    url,
    redirectUriType,
  });
  return [own('authorization'), own('logout'), ...DEFAULT_REDIRECT_URIS];
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
