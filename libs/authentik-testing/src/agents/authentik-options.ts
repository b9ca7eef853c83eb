import type { EmbeddedAuthentik } from '../embedded/embedded-authentik.js';
import { embeddedAuthentik, rememberApplication } from './which-authentik.js';

/** What `AuthentikModule.forRoot()` needs to stand before an embedded Authentik. */
export interface AuthentikTestOptions {
  readonly url: string;
  readonly applicationSlug: string;
  readonly clientId: string;
  readonly publicUrl: string;
}

/**
 * Options for an `AuthentikModule` of a test's own; spread them and add what the test is about.
 *
 *     Test.createTestingModule({ imports: [AuthentikModule.forRoot(await authentikOptions())], controllers: [Reports] })
 *
 * @param given.applicationSlug added if Authentik doesn't have it; default: its first application, else `test-app`
 * @param given.publicUrl default `http://localhost:3000`
 * @param given.authentik default: the one that runs in this process; if none does, one is started that needs no `stop()`
 * @throws {AuthentikTestingError} more than one runs
 */
export async function authentikOptions(
  given: {
    readonly applicationSlug?: string;
    readonly publicUrl?: string;
    readonly authentik?: EmbeddedAuthentik;
  } = {},
): Promise<AuthentikTestOptions> {
  const authentik = given.authentik ?? (await embeddedAuthentik());
  const slug = given.applicationSlug ?? authentik.applications[0]?.slug ?? 'test-app';
  const known = authentik.applications.find((application) => application.slug === slug);
  const { clientId } = known ?? authentik.addApplication({ slug });
  rememberApplication(authentik, slug);
  return {
    url: authentik.url,
    applicationSlug: slug,
    clientId,
    publicUrl: given.publicUrl ?? 'http://localhost:3000',
  };
}
