import type { AbstractHttpAdapter } from '@nestjs/core';

const headers = {
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Allow-Methods': 'GET, HEAD, OPTIONS',
  // SDK clients send this one with every request of theirs.
  'Access-Control-Allow-Headers': 'MCP-Protocol-Version',
};

/** What a document's address answers. */
export interface DocumentAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: object;
}

/** An answer that may be kept for a while. */
export const cacheable = (body: object): DocumentAnswer => ({
  status: 200,
  headers: { 'Cache-Control': 'public, max-age=300' },
  body,
});

/**
 * Serves a public document at a fixed place of the origin. It is mounted at the HTTP adapter: neither a global prefix
 * nor versioning nor a guard of the app moves or hides it.
 */
export function mountDocument(
  httpAdapter: AbstractHttpAdapter,
  path: string,
  answer: () => DocumentAnswer | Promise<DocumentAnswer>,
): void {
  const send = (response: unknown, status: number, more: Readonly<Record<string, string>>, body?: object) => {
    for (const [name, value] of Object.entries({ ...headers, ...more })) httpAdapter.setHeader?.(response, name, value);
    httpAdapter.reply(response, body, status);
  };
  // Express answers HEAD from the GET route, and makes the ETag.
  httpAdapter.get(path, async (_request: unknown, response: unknown) => {
    const { status, headers: more, body } = await answer();
    send(response, status, more, body);
  });
  httpAdapter.options(path, (_request: unknown, response: unknown) => send(response, 204, {}));
}
