import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import type { EmbeddedAuthentik } from 'nestjs-authentik-testing';

type Json = Record<string, unknown>;

/** Somebody between the app and Authentik, who changes what Authentik answers. Give its `url` as `internalUrl`. */
export interface BentAuthentik {
  readonly url: string;
  /** Changes the answers of the token endpoint, from now on. */
  bendTokens: (bend: (answer: Json) => Json | Promise<Json>) => void;
  /** The same for UserInfo. */
  bendUserInfo: (bend: (answer: Json) => Json | Promise<Json>) => void;
  /** Changes nothing any more. */
  straighten: () => void;
  readonly stop: () => Promise<void>;
}

export async function bendAuthentik(authentik: EmbeddedAuthentik): Promise<BentAuthentik> {
  const bends = new Map<string, (answer: Json) => Json | Promise<Json>>();
  const pass = async (incoming: IncomingMessage, response: ServerResponse) => {
    const body = await readAll(incoming);
    const { status, headers, text } = await forward(authentik, incoming, body);
    const bend = bends.get(incoming.url ?? '');
    const bent = bend === undefined || status !== 200 ? text : JSON.stringify(await bend(JSON.parse(text) as Json));
    const { 'content-length': _length, 'transfer-encoding': _encoding, ...kept } = headers;
    response.setHeaders(new Map(Object.entries(kept).map(([name, value]) => [name, value ?? ''])));
    response.writeHead(status).end(bent);
  };
  const server = createServer((incoming, response) => {
    pass(incoming, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, resolve));
  return {
    url: `http://localhost:${(server.address() as AddressInfo).port}`,
    bendTokens: (bend) => void bends.set('/application/o/token/', bend),
    bendUserInfo: (bend) => void bends.set('/application/o/userinfo/', bend),
    straighten: () => bends.clear(),
    stop: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

function forward({ port }: EmbeddedAuthentik, { method, url, headers }: IncomingMessage, body: string) {
  return new Promise<{ status: number; headers: IncomingMessage['headers']; text: string }>((resolve, reject) => {
    const sent = request({ host: 'localhost', port, method, path: url, headers, agent: false }, (answer) => {
      readAll(answer).then(
        (text) => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text }),
        reject,
      );
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

async function readAll(message: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
