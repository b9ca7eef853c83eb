/** A `fetch` that cannot be made to wait, to follow, or to swallow without end. */
export type BoundedFetch = (url: string, init?: RequestInit) => Promise<Response>;

export interface BoundedFetchOptions {
  /** Longest time for the whole answer, in milliseconds. */
  readonly timeoutMs: number;
  /** Largest body that is read, in bytes. */
  readonly maxBodyBytes: number;
  /** What sends the requests. Default: the global `fetch`. */
  readonly fetch?: typeof fetch;
}

/**
 * Makes a `fetch` with a total time, no redirects, and a cap on the body. The body is read whole before the answer is
 * given, so that the time covers it too.
 */
export function createBoundedFetch({
  timeoutMs,
  maxBodyBytes,
  fetch: send = fetch,
}: BoundedFetchOptions): BoundedFetch {
  return async (url, init = {}) => {
    const signals = [AbortSignal.timeout(timeoutMs), ...(init.signal ? [init.signal] : [])];
    const response = await send(url, { ...init, redirect: 'manual', signal: AbortSignal.any(signals) });
    const body = await readCapped(response, maxBodyBytes);
    return new Response(nullBodyStatus.has(response.status) ? null : body, {
      status: response.status,
      statusText: response.statusText,
      headers: response.headers,
    });
  };
}

const nullBodyStatus = new Set([204, 205, 304]);

async function readCapped(response: Response, maxBodyBytes: number): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength;
    // Leaving the loop cancels the stream.
    if (size > maxBodyBytes) throw new RangeError(`The answer is larger than ${maxBodyBytes} bytes.`);
    chunks.push(chunk);
  }
  return new Uint8Array(Buffer.concat(chunks));
}
