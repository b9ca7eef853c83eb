import { running, startEmbeddedAuthentik, type EmbeddedAuthentik } from '../embedded/embedded-authentik.js';
import { AuthentikTestingError } from '../embedded/errors.js';

let shared: Promise<EmbeddedAuthentik> | undefined;

/**
 * The embedded Authentik of this process: the one that runs, or one that is started now. What is started here needs no
 * `stop()`: it doesn't keep the process alive. It has the usual people, and the applications that the tests bring.
 * @throws {AuthentikTestingError} more than one runs
 */
export function embeddedAuthentik(): Promise<EmbeddedAuthentik> {
  const [only, ...others] = running;
  if (others.length > 0) {
    throw new AuthentikTestingError(
      'ERR_AUTHENTIK_TESTING_AMBIGUOUS',
      `${others.length + 1} embedded Authentiks run in this process, so it is not clear which one is meant. Pass \`authentik\`, or stop the others.`,
    );
  }
  if (only !== undefined) return Promise.resolve(only);
  // Forgotten if it fails or has been stopped, so that the next call starts another one.
  shared ??= startEmbeddedAuthentik({ applications: [], holdsProcess: false }).finally(() => {
    shared = undefined;
  });
  return shared;
}

/** @returns the running embedded Authentik that a URL belongs to */
export function authentikAt(url: URL): EmbeddedAuthentik | undefined {
  const isLoopback = ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname);
  return [...running].find(({ port }) => isLoopback && url.port === String(port));
}

/** The application that an app under test turned out to be; tokens are for it where a test names none. */
const standsInFor = new WeakMap<EmbeddedAuthentik, string>();

export function rememberApplication(authentik: EmbeddedAuthentik, slug: string): void {
  standsInFor.set(authentik, slug);
}

/** @returns slug of the latest app under test; undefined: none was told of, so the first application counts */
export function rememberedApplication(authentik: EmbeddedAuthentik): string | undefined {
  return standsInFor.get(authentik);
}
