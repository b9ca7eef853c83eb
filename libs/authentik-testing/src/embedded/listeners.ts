import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { PortTakenError } from './errors.js';

/** Both loopback addresses, since `localhost` may be either. Nothing else is ever listened on. */
const IPV4 = '127.0.0.1';
const IPV6 = '::1';

/** How often a free port is looked for that is free on both. */
const MAX_TRIES = 20;

/** The open ports of an embedded Authentik. */
export class Listeners {
  #servers: Server[] = [];
  #port = 0;
  #holdsProcess = true;

  constructor(private readonly listener: RequestListener) {}

  get port(): number {
    return this.#port;
  }

  /**
   * @param port 0 for any free one
   * @param options.holdsProcess whether the process lives on as long as the port is open
   * @throws {PortTakenError} taken on one of the two addresses
   */
  async open(port: number, { holdsProcess }: { readonly holdsProcess: boolean }): Promise<void> {
    this.#holdsProcess = holdsProcess;
    await this.#listen(port);
    if (holdsProcess) return;
    for (const server of this.#servers) server.unref().on('connection', (socket: Socket) => socket.unref());
  }

  async #listen(port: number): Promise<void> {
    for (let tried = 1; ; tried += 1) {
      const first = await listen(this.listener, port, IPV4);
      const found = (first.address() as AddressInfo).port;
      try {
        this.#servers = [first, await listen(this.listener, found, IPV6)];
        this.#port = found;
        return;
      } catch (error) {
        if (isCode(error, 'EADDRNOTAVAIL', 'EAFNOSUPPORT', 'EINVAL')) {
          // A machine without IPv6.
          this.#servers = [first];
          this.#port = found;
          return;
        }
        await close(first);
        if (port !== 0 || tried === MAX_TRIES || !(error instanceof PortTakenError)) throw error;
      }
    }
  }

  /** Opens the same port again. */
  async reopen(): Promise<void> {
    if (this.#servers.length === 0) await this.open(this.#port, { holdsProcess: this.#holdsProcess });
  }

  /** Closes the port and every connection, idle or not. */
  async close(): Promise<void> {
    const servers = this.#servers;
    this.#servers = [];
    await Promise.all(servers.map(close));
  }
}

function listen(listener: RequestListener, port: number, host: string): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer(listener);
    server.once('error', (error) =>
      reject(isCode(error, 'EADDRINUSE', 'EACCES') ? new PortTakenError(port, { cause: error }) : error),
    );
    server.listen({ port, host, exclusive: true }, () => resolve(server));
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

function isCode(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code));
}
