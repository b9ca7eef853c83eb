import { request, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http';

/** A request as it goes over the wire: nothing in it is made sound on the way. */
export interface RawRequest {
  readonly method: string;
  /** Path and query, with escapes as they are. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | undefined;
}

export interface RawAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** How long an answer may take; nothing of it is timed, it only bounds a hang. */
const ANSWER_WITHIN_MS = 10_000;

/** @throws no answer came in time, or the connection broke */
export function send(port: number, { method, path, headers, body }: RawRequest): Promise<RawAnswer> {
  const all: OutgoingHttpHeaders = { host: `localhost:${port}`, ...headers };
  if (body !== undefined) all['content-length'] = body.length;
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(ANSWER_WITHIN_MS);
    const asking = request(
      { host: '127.0.0.1', port, method, path, headers: all, signal, maxHeaderSize: 131_072 },
      (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.on('error', reject);
        answer.on('end', () =>
          resolve({
            status: answer.statusCode ?? 0,
            headers: answer.headers,
            body: Buffer.concat(chunks).toString('utf8'),
          }),
        );
      },
    );
    asking.on('error', reject);
    asking.end(body);
  });
}
