import type { Configuration, CustomFetchOptions } from 'openid-client';

import type { BoundedFetch } from '../http/bounded-fetch.js';
import { causesOf, type LoadFailure, RetryingLoader } from '../http/retrying-loader.js';
import type { AuthentikLogger } from '../observability/authentik-logger.js';
import type { AuthentikApplication, ResolvedAuthentikOptions } from '../options/index.js';
import { clockDifference, foreignEndpoint, noApplication, otherIssuer, surprises } from './diagnosis.js';
import { isTokenExchange, withoutIdToken } from './exchange-answer.js';

const maxAgeMs = 3600 * 1000;

type OpenidClient = typeof import('openid-client');

const authenticate = (
  { clientSecret }: AuthentikApplication,
  { tokenEndpointAuthMethod }: ResolvedAuthentikOptions,
  { ClientSecretBasic, ClientSecretPost, None }: OpenidClient,
) => {
  if (clientSecret === undefined) return None();
  return tokenEndpointAuthMethod === 'client_secret_basic'
    ? ClientSecretBasic(clientSecret)
    : ClientSecretPost(clientSecret);
};

const whichever = (one: AbortSignal | undefined, other: AbortSignal) =>
  one === undefined ? other : AbortSignal.any([one, other]);

/** Authentik's description of one application: read when first needed, kept, read again, and judged once. */
export class ApplicationMetadata {
  private readonly loader: RetryingLoader<Configuration>;
  private readonly said = new Set<string>();
  private failureSaid: string | undefined;
  private readonly ending = new AbortController();
  private known: { configuration: Configuration; readAtMs: number } | undefined;

  constructor(
    readonly application: AuthentikApplication,
    private readonly options: ResolvedAuthentikOptions,
    private readonly fetch: BoundedFetch,
    private readonly logger: AuthentikLogger,
  ) {
    this.loader = new RetryingLoader({
      endpoint: 'discovery',
      load: () => this.discover(),
      now: () => performance.now(),
      onFailure: (error) => this.sayThatItFails(causesOf(error)),
    });
  }

  /** That it cannot be read now; `undefined` if it can, as far as is known. */
  get failure(): LoadFailure | undefined {
    return this.loader.failure;
  }

  /**
   * The discovered `openid-client` configuration.
   * @throws {AuthentikUnavailableError} it was never read and cannot be read now
   */
  async configuration(): Promise<Configuration> {
    if (this.known === undefined) return this.load();
    if (performance.now() - this.known.readAtMs > maxAgeMs && !this.loader.isPaused) {
      // In the background: what we know is good until something better is known.
      this.load().catch(() => undefined);
    }
    return this.known.configuration;
  }

  /** For the end of the app: a call that runs is given up, without a word. */
  stop(): void {
    this.ending.abort();
  }

  private async load(): Promise<Configuration> {
    const configuration = await this.loader.load();
    this.known = { configuration, readAtMs: performance.now() };
    if (this.failureSaid !== undefined) this.logger.log(`${this.application.baseUrl} can be used again.`);
    this.failureSaid = undefined;
    return configuration;
  }

  private async discover(): Promise<Configuration> {
    const { application, options } = this;
    const { allowInsecureRequests, customFetch, discovery } = await import('openid-client');
    let date: string | null = null;
    // The whole address: with one issuer for all providers the document is not where the issuer says.
    const document = new URL(`${application.baseUrl}.well-known/openid-configuration`);
    const configuration = await discovery(
      document,
      application.clientId,
      undefined,
      authenticate(application, options, await import('openid-client')),
      {
        // The options let plain http through for loopback only, or where somebody said so.
        ...(options.url.startsWith('http:') && { execute: [allowInsecureRequests] }),
        [customFetch]: async (address: string, init: CustomFetchOptions) => {
          const { signal } = this.ending;
          const bounded = address === document.href ? { ...init, signal: whichever(init.signal, signal) } : init;
          const response = await this.fetch(address, bounded as RequestInit);
          // Later calls of this configuration come through here as well.
          if (isTokenExchange(init.body)) return withoutIdToken(response);
          if (address !== document.href) return response;
          if (response.status === 404) throw new Error(noApplication(application));
          if (response.status !== 200) throw new Error(`its metadata was answered with ${response.status}`);
          date = response.headers.get('date');
          return response;
        },
        timeout: options.timeoutMs / 1000,
      },
    );
    const metadata = configuration.serverMetadata();
    // Byte for byte, and by ourselves: openid-client leaves it to us where it is given the whole address.
    if (metadata.issuer !== application.issuer) throw new Error(otherIssuer(metadata.issuer, application, options));
    const foreign = foreignEndpoint(metadata, application);
    if (foreign !== undefined) throw new Error(foreign);
    const clock = clockDifference(date, Date.now(), options.tokens);
    for (const line of [...surprises(metadata, application, options), ...(clock === undefined ? [] : [clock])]) {
      this.sayOnce(line);
    }
    return configuration;
  }

  /** Once an outage, and again when its cause changes. */
  private sayThatItFails(cause: string): void {
    if (cause === this.failureSaid || this.ending.signal.aborted) return;
    this.failureSaid = cause;
    this.logger.warn(`${this.application.baseUrl} cannot be used now: ${cause}`);
  }

  private sayOnce(line: string): void {
    if (this.said.has(line)) return;
    this.said.add(line);
    this.logger.warn(line);
  }
}
