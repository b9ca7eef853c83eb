// Runs before every spec (`setupFiles`): whatever secret crosses the wire in a test must not come out in a log, or in an
// answer of an app under test. What is secret is learnt from the traffic itself, so that no test has to remember it.
import { subscribe } from 'node:diagnostics_channel';
import { IncomingMessage, ServerResponse } from 'node:http';

import { Logger } from '@nestjs/common';
import { afterAll } from 'vitest';

/** Shorter ones could be anywhere by accident. */
const shortest = 16;

const secrets = new Map<string, string>();
const written: string[] = [];
const leaks = new Set<string>();

const learn = (kind: string, value: string | undefined) => {
  if (value !== undefined && value.length >= shortest) secrets.set(value, kind);
};

const inForms =
  /(?:^|[&?])(password|code|code_verifier|client_secret|refresh_token|access_token|id_token|token)=([^&#\s]+)/gu;
const inJson = /"(access_token|refresh_token|id_token|client_secret)"\s*:\s*"([^"]+)"/gu;

function learnFrom(text: string, pattern: RegExp): void {
  for (const [, kind = '', value = ''] of text.matchAll(pattern)) {
    learn(kind, value);
    try {
      learn(kind, decodeURIComponent(value.replaceAll('+', ' ')));
    } catch {
      // Not encoded, so it was learnt as it is.
    }
  }
}

function learnFromRequest({ url = '', headers }: IncomingMessage): void {
  learnFrom(url, inForms);
  const [scheme = '', credential] = (headers.authorization ?? '').split(/ (.*)/su);
  learn(`${scheme} credential`, credential);
  for (const cookie of (headers.cookie ?? '').split(/;\s*/u)) learn('cookie', cookie.split(/=(.*)/su)[1]);
}

/** The embedded Authentik hands secrets out; an app under test has no business with any. */
const isAuthentik = (response: ServerResponse) => response.hasHeader('x-authentik-id');

function look(response: ServerResponse, text: string): void {
  if (isAuthentik(response)) {
    learnFrom(text, inJson);
    learnFrom(String(response.getHeader('location') ?? ''), inForms);
    for (const cookie of [response.getHeader('set-cookie') ?? []].flat()) {
      learn('cookie', /^[^=]+=([^;]+)/u.exec(String(cookie))?.[1]);
    }
    return;
  }
  // One thing has to pass: the address that signs out of Authentik names the ID token, and the browser takes it there.
  const whole = `${JSON.stringify(response.getHeaders())}\n${text}`.replaceAll(
    /(\/end-session\/\?id_token_hint=)[\w.-]+/gu,
    '$1…',
  );
  for (const [secret, kind] of secrets) {
    if (whole.includes(secret))
      leaks.add(`${kind} in an answer to ${response.req.method} ${response.req.url?.split('?')[0]}`);
  }
}

subscribe('http.server.request.start', (message) => {
  learnFromRequest((message as { request: IncomingMessage }).request);
});

// eslint-disable-next-line @typescript-eslint/unbound-method -- called with the right one below
const { push } = IncomingMessage.prototype;
IncomingMessage.prototype.push = function (this: IncomingMessage, chunk: unknown, ...rest: [BufferEncoding?]) {
  if (Buffer.isBuffer(chunk) && this.headers['content-type']?.includes('x-www-form-urlencoded') === true) {
    learnFrom(chunk.toString(), inForms);
  }
  return push.call(this, chunk, ...rest);
};

for (const name of ['write', 'end'] as const) {
  const original = ServerResponse.prototype[name] as (...parameters: unknown[]) => unknown;
  Object.assign(ServerResponse.prototype, {
    [name](this: ServerResponse, ...parameters: unknown[]) {
      const [chunk] = parameters;
      look(
        this,
        typeof chunk === 'string' || chunk instanceof Uint8Array ? Buffer.from(chunk as string).toString() : '',
      );
      return original.apply(this, parameters);
    },
  });
}

for (const level of ['log', 'error', 'warn', 'debug', 'verbose', 'fatal'] as const) {
  const original = Logger.prototype[level] as (...parameters: unknown[]) => unknown;
  Object.assign(Logger.prototype, {
    [level](this: Logger, ...parameters: unknown[]) {
      for (const part of parameters) {
        written.push(part instanceof Error ? `${part.stack} ${String(part.cause)}` : String(part));
      }
      return original.apply(this, parameters);
    },
  });
}

for (const stream of [process.stdout, process.stderr]) {
  const original = stream.write.bind(stream) as (...parameters: unknown[]) => boolean;
  Object.assign(stream, {
    write: (...parameters: unknown[]) => {
      written.push(String(parameters[0]));
      return original(...parameters);
    },
  });
}

/** What came out so far; for the test of this file. */
export function leaked(): string[] {
  for (const text of written.splice(0)) {
    for (const [secret, kind] of secrets) if (text.includes(secret)) leaks.add(`${kind} in a log`);
  }
  return [...leaks];
}

/** Forgets what came out, where a test made it come out on purpose. */
export function forgive(): void {
  leaks.clear();
}

afterAll(() => {
  const found = leaked();
  if (found.length > 0) throw new Error(`Secrets came out: ${found.join('; ')}.`);
});
