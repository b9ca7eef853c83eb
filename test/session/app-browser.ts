import { type IncomingMessage, request } from 'node:http';

/** An answer, with its whole text. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
  /** The `Set-Cookie` headers. */
  readonly cookies: readonly string[];
  readonly location: string | undefined;
  readonly json: () => unknown;
}

export interface Asking {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** A browser at the app. `fetch` would say `Sec-Fetch-Mode: cors` whatever it is told. */
export class AppBrowser {
  readonly cookies = new Map<string, string>();

  request(url: string | URL, { method = 'GET', headers = {}, body }: Asking = {}): Promise<Answer> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const all = { ...(cookie !== '' && { cookie }), ...headers };
    return new Promise((resolve, reject) => {
      const sent = request(url, { method, headers: all, agent: false }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const cookies = response.headers['set-cookie'] ?? [];
          for (const [name = '', value = ''] of cookies.map((line) => (line.split(';')[0] ?? '').split(/=(.*)/su))) {
            this.cookies.set(name, value);
          }
          const text = Buffer.concat(chunks).toString();
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            text,
            cookies,
            location: response.headers.location,
            json: () => JSON.parse(text) as unknown,
          });
        });
      });
      sent.on('error', reject);
      sent.end(body);
    });
  }
}
