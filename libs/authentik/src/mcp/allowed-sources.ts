import { localhostAllowedHostnames } from '@modelcontextprotocol/server';

import { isLoopback } from '../options/index.js';

export interface SourceOptions {
  readonly publicUrl: string;
  readonly allowedHosts: readonly string[];
  readonly allowedOrigins: readonly string[];
}

/**
 * Under which host names the endpoint may be called, and from which pages. A page of a stranger must not reach it, be
 * it by the browser of somebody who sits inside, or by a name that was pointed at this machine (DNS rebinding).
 * @see MCP transports, "Security Warning"
 */
export class AllowedSources {
  private readonly onLoopback: boolean;
  private readonly hosts: ReadonlySet<string>;
  private readonly origins: ReadonlySet<string>;
  private lastAllowedHost: string | undefined;

  /** @throws {Error} an entry that no request could ever match */
  constructor({ publicUrl, allowedHosts, allowedOrigins }: SourceOptions) {
    const own = new URL(publicUrl);
    this.onLoopback = isLoopback(publicUrl);
    this.hosts = new Set([
      own.hostname,
      ...(this.onLoopback ? localhostAllowedHostnames() : []),
      ...allowedHosts.map(toHostname),
    ]);
    this.origins = new Set([own.origin, ...allowedOrigins.map(toOrigin)]);
  }

  /** By name alone: what stands before us may speak to us on any port. */
  allowsHost(host: string | undefined): boolean {
    if (host === undefined) return false;
    // Each request has one, and almost all the same.
    if (host === this.lastAllowedHost) return true;
    const hostname = hostnameOf(host);
    if (hostname === undefined || !this.hosts.has(hostname)) return false;
    this.lastAllowedHost = host;
    return true;
  }

  /**
   * By the whole origin, for a page at another port or scheme of the same name is another site. On loopback every page
   * of this machine may: clients that run in a browser take any port. No Origin at all is no page.
   */
  allowsOrigin(origin: string | undefined): boolean {
    return origin === undefined || this.origins.has(origin) || (this.onLoopback && isPageOfThisMachine(origin));
  }
}

function hostnameOf(host: string): string | undefined {
  return /[/?#@\\\s]/u.test(host) || !URL.canParse(`http://${host}`) ? undefined : new URL(`http://${host}`).hostname;
}

/** @returns the origin as browsers write it; `undefined` for what is none */
function originOf(value: string): string | undefined {
  if (!URL.canParse(value)) return undefined;
  const { origin, protocol, host, pathname, search, hash, username, password } = new URL(value);
  if (host === '' || !['', '/'].includes(pathname) || search + hash + username + password !== '') return undefined;
  // Of a browser extension, for instance.
  return origin === 'null' ? `${protocol}//${host}` : origin;
}

function isPageOfThisMachine(value: string): boolean {
  const origin = originOf(value);
  if (origin !== value) return false;
  const { protocol, hostname } = new URL(origin);
  return ['http:', 'https:'].includes(protocol) && localhostAllowedHostnames().includes(hostname);
}

function toHostname(entry: string): string {
  const hostname = hostnameOf(entry);
  if (hostname === undefined || hostname.includes('*')) {
    throw new Error(
      `connectMcp: allowedHosts: "${entry}" is not a host name. Write "upstream.internal"; an IPv6 address in brackets; ` +
        'no scheme, no path, no wildcard.',
    );
  }
  return hostname;
}

function toOrigin(entry: string): string {
  const origin = originOf(entry);
  if (origin === undefined || origin.includes('*')) {
    throw new Error(
      `connectMcp: allowedOrigins: "${entry}" is not an origin. Write scheme, host and port as a browser sends them, ` +
        'like "https://console.example.com"; no path, no wildcard.',
    );
  }
  return origin;
}
