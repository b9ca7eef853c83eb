import type { EndpointName } from './endpoint.js';

/** One request that the embedded Authentik got. */
export interface LoggedRequest {
  readonly method: string;
  /** Without the query: it may hold codes and tokens. */
  readonly path: string;
  readonly endpoint: EndpointName;
  /** When it came, in milliseconds since 1970. */
  readonly atMs: number;
  /** Status of the answer; undefined as long as there is none. */
  readonly status: number | undefined;
}

const MAX_ENTRIES = 10_000;

/** The latest requests, oldest first. */
export class RequestLog {
  readonly entries: LoggedRequest[] = [];

  /** @returns what to call with the status of the answer */
  add(entry: Omit<LoggedRequest, 'status'>): (status: number) => void {
    const logged: { -readonly [Key in keyof LoggedRequest]: LoggedRequest[Key] } = { ...entry, status: undefined };
    this.entries.push(logged);
    if (this.entries.length > MAX_ENTRIES) this.entries.shift();
    return (status) => {
      logged.status = status;
    };
  }

  clear(): void {
    this.entries.length = 0;
  }
}
