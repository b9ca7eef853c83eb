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
  /** A defect of the emulator: what it failed of where no Authentik would. Absent, as it should be. */
  readonly failure?: unknown;
}

/** Where the rest of an entry is told, once it is known. */
export interface OpenEntry {
  answered(status: number): void;
  failed(error: unknown): void;
}

const MAX_ENTRIES = 10_000;

/** The latest requests, oldest first. */
export class RequestLog {
  readonly entries: LoggedRequest[] = [];

  add(entry: Omit<LoggedRequest, 'status' | 'failure'>): OpenEntry {
    const logged: { -readonly [Key in keyof LoggedRequest]: LoggedRequest[Key] } = { ...entry, status: undefined };
    this.entries.push(logged);
    if (this.entries.length > MAX_ENTRIES) this.entries.shift();
    return {
      answered: (status) => {
        logged.status = status;
      },
      failed: (error) => {
        logged.failure = error;
      },
    };
  }

  clear(): void {
    this.entries.length = 0;
  }
}
