import * as fc from 'fast-check';
import type { RawRequest } from './send.js';

/** What means something to the server under test. */
export interface Vocabulary {
  /** Values by the parameter that they are for. */
  readonly words: Readonly<Record<string, readonly string[]>>;
  /** Sets of parameters that belong together. Any may come to any endpoint. */
  readonly sentences: readonly Readonly<Record<string, string>>[];
}

const METHODS = ['GET', 'POST', 'HEAD', 'OPTIONS', 'PUT', 'PATCH', 'DELETE', 'TRACE', 'PROPFIND'];

/** Text that parsers, encoders and regular expressions have stumbled over. */
const nasty = fc.constantFrom(
  '',
  '0',
  '-1',
  '1e309',
  'null',
  '__proto__',
  'constructor',
  '../../etc/passwd',
  '//evil.example/',
  String.raw`/\evil.example`,
  'javascript:alert(1)',
  '<script>alert(1)</script>',
  `"'><img src=x>`,
  'a\r\nset-cookie: x=y',
  '\u0000',
  '\uD800',
  'ü€😀',
  '%',
  '%zz',
  '%00',
  '%ff%fe',
  '[',
  '(a+)+$',
  'a'.repeat(3000),
  ' ',
  '+',
);

const text = fc.oneof({ weight: 3, arbitrary: nasty }, fc.string({ unit: 'binary', maxLength: 40 }), fc.string());

/** A sound value, now and then with a change at one place. */
function value(words: readonly string[]): fc.Arbitrary<string> {
  if (words.length === 0) return text;
  const sound = fc.constantFrom(...words);
  const bent = fc
    .tuple(sound, fc.nat(), text)
    .map(
      ([word, at, piece]) => `${word.slice(0, at % (word.length + 1))}${piece}${word.slice(at % (word.length + 1))}`,
    );
  return fc.oneof({ weight: 6, arbitrary: sound }, { weight: 2, arbitrary: bent }, { weight: 1, arbitrary: text });
}

/** Parameters: a set that belongs together with some changes, or any at all; some repeated, some of unknown names. */
function pairs({ words, sentences }: Vocabulary): fc.Arbitrary<[string, string][]> {
  const known = fc
    .constantFrom(...Object.keys(words))
    .chain((name) => fc.tuple(fc.constant(name), value(words[name] ?? [])));
  const any = fc.oneof({ weight: 8, arbitrary: known }, fc.tuple(text, text));
  const bent = fc
    .tuple(fc.constantFrom(...sentences), fc.array(fc.nat(), { maxLength: 1 }), fc.array(any, { maxLength: 2 }))
    .map(([sentence, dropped, more]) => {
      const sound = Object.entries(sentence);
      for (const at of dropped) sound.splice(at % sound.length, 1);
      return [...sound, ...more];
    });
  return fc.oneof(fc.array(any, { maxLength: 12 }), { weight: 2, arbitrary: bent });
}

/** Encoded as browsers do, or raw, so that escapes may be broken. */
const encoded = (some: [string, string][]) => new URLSearchParams(some).toString();
const visible = (raw: string) => raw.replaceAll(/[^!-~]|#/g, (odd) => encodeURIComponent(Buffer.from(odd).toString()));

function queryOf(vocabulary: Vocabulary): fc.Arbitrary<string> {
  return fc.oneof(
    fc.constant(''),
    pairs(vocabulary).map((some) => `?${encoded(some)}`),
    pairs(vocabulary).map((some) => visible(`?${some.map(([name, word]) => `${name}=${word}`).join('&')}`)),
  );
}

function bodyOf(vocabulary: Vocabulary): fc.Arbitrary<{ type: string | undefined; body: Buffer | undefined }> {
  const form = 'application/x-www-form-urlencoded';
  return fc.oneof(
    { weight: 6, arbitrary: pairs(vocabulary).map((some) => ({ type: form, body: Buffer.from(encoded(some)) })) },
    fc.uint8Array({ maxLength: 200 }).map((bytes) => ({ type: form, body: Buffer.from(bytes) })),
    fc.json({ maxDepth: 3 }).map((json) => ({ type: 'application/json', body: Buffer.from(json) })),
    pairs(vocabulary).map((some) => ({
      type: 'application/json; charset=utf-8',
      body: Buffer.from(JSON.stringify(Object.fromEntries(some))),
    })),
    fc.constantFrom('text/plain', 'multipart/form-data; boundary=x', 'garbage', '/;;').map((type) => ({
      type,
      body: Buffer.from('--x\r\n\r\n--x--'),
    })),
    fc.constant({ type: undefined, body: undefined }),
  );
}

/** What may stand in a header at all: the client would refuse to send the rest. */
const inHeader = (raw: string) => raw.replaceAll(/[^\t\u0020-\u007e\u0080-\u00ff]/g, '');

const rarely = (...some: string[]) =>
  fc.oneof({ weight: 19, arbitrary: fc.constant(undefined) }, fc.constantFrom(...some));
const maybe = (arbitrary: fc.Arbitrary<string>) => fc.option(arbitrary.map(inHeader), { nil: undefined, freq: 2 });

function headersOf(vocabulary: Vocabulary): fc.Arbitrary<Record<string, string>> {
  const basic = fc
    .tuple(value(vocabulary.words['client_id'] ?? []), value(vocabulary.words['client_secret'] ?? []))
    .map(([id, secret]) => `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`);
  const authorization = fc.oneof(
    basic,
    value(vocabulary.words['access_token'] ?? []).map((token) => `Bearer ${token}`),
    text.map((raw) => `Basic ${raw}`),
    text,
  );
  return fc
    .record({
      authorization: maybe(authorization),
      cookie: maybe(
        fc.oneof(
          value(vocabulary.words['cookie'] ?? []).map((key) => `authentik_session=${key}`),
          text,
        ),
      ),
      origin: maybe(value(vocabulary.words['origin'] ?? [])),
      accept: maybe(fc.oneof(fc.constantFrom('text/html', 'application/json', '*/*'), text)),
      'accept-language': maybe(fc.oneof(fc.constantFrom('de', 'en-GB,en;q=0.5'), text)),
      'x-forwarded-proto': maybe(fc.constantFrom('https', 'http', 'gopher', 'https, http', '')),
      'x-forwarded-for': maybe(fc.oneof(fc.ipV4(), text)),
      'access-control-request-headers': maybe(text),
      'content-encoding': rarely('gzip', 'identity', 'br', 'x'),
      host: rarely('authentik.example', '[::1]:80', 'a b', 'x/y', "'", 'evil.example@x'),
      'x-http-method-override': rarely('POST', 'DELETE'),
    })
    .map((headers) =>
      Object.fromEntries(Object.entries(headers).filter((entry): entry is [string, string] => entry[1] !== undefined)),
    );
}

/** The path of an endpoint with its parts filled in, now and then with a change at one place. */
function pathOf(pattern: string, vocabulary: Vocabulary): fc.Arbitrary<string> {
  const parts = pattern.split(/(:\w+|\{?\/?\*\w+\}?)/u).map((part) => {
    if (/^[:{*]|^\/\*/u.test(part)) return value(vocabulary.words[part.replaceAll(/\W/gu, '')] ?? []).map(escapeSome);
    return fc.constant(part);
  });
  const whole = fc.tuple(...parts).map((filled) => filled.join(''));
  const bent = fc.tuple(whole, fc.nat(), nasty).map(([path, at, piece]) => {
    const where = 1 + (at % path.length);
    return `${path.slice(0, where)}${escapeSome(piece)}${path.slice(where)}`;
  });
  const cut = whole.map((path) => path.replace(/\/$/u, ''));
  return fc.oneof({ weight: 8, arbitrary: whole }, bent, cut).map((path) => `/${path.replace(/^\/+/u, '')}`);
}

/** Escaped as it must be; broken escapes stay broken. */
const escapeSome = (raw: string) =>
  raw.replaceAll(/[^!-~]|[?#]/gu, (odd) => encodeURIComponent(Buffer.from(odd).toString()));

/** Requests to one endpoint: sound ones, bent ones, and ones that make no sense. */
export function requestsTo(pattern: string, vocabulary: Vocabulary): fc.Arbitrary<RawRequest> {
  return fc
    .record({
      method: fc.oneof(
        { weight: 4, arbitrary: fc.constantFrom('GET', 'POST') },
        { weight: 1, arbitrary: fc.constantFrom(...METHODS) },
      ),
      path: pathOf(pattern, vocabulary),
      query: queryOf(vocabulary),
      headers: headersOf(vocabulary),
      body: bodyOf(vocabulary),
    })
    .map(({ method, path, query, headers, body: { type, body } }) => {
      const bodiless = method === 'GET' || method === 'HEAD' || method === 'TRACE';
      return {
        method,
        path: `${path}${query}`,
        headers: { ...headers, ...(type !== undefined && !bodiless && { 'content-type': type }) },
        body: bodiless ? undefined : (body ?? Buffer.alloc(0)),
      };
    });
}
