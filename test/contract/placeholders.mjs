// Placeholders such as `<access_token:2>`: the same one is the same value within its file, `<epoch>` any of its shape.
const placeholder = /<([A-Za-z_][\w #]*?)(?::([^<>]+))?>/gu;

const charsets = {
  'lower-case hex': '[0-9a-f]',
  'letters and digits': '[A-Za-z0-9]',
  base64: '[A-Za-z0-9+/=]',
  base64url: '[A-Za-z0-9_-]',
  'compact JWS': '[A-Za-z0-9_.-]',
  digits: '[0-9]',
  printable: String.raw`[\x21-\x7e]`,
  uuid: '[0-9a-f-]',
};
const known = {
  epoch: String.raw`\d{10}(?:\.\d+)?`,
  datetime: String.raw`\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)`,
  uuid: '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}',
  pk: String.raw`\d+`,
  // Hashes in base64url; recorded ones may happen to have letters and digits only.
  x5t: '[A-Za-z0-9_-]{27}',
  'x5t#S256': '[A-Za-z0-9_-]{43}',
  jwk_x: '[A-Za-z0-9_-]{43}',
  jwk_y: '[A-Za-z0-9_-]{43}',
  at_hash: '[A-Za-z0-9_-]{22}',
  c_hash: '[A-Za-z0-9_-]{22}',
};

function patternOf(name, shapes) {
  if (known[name] !== undefined) return known[name];
  const shape = shapes?.[name];
  const set = charsets[shape?.charset];
  if (set === undefined) return '[^"]+?';
  const { length } = shape;
  // Lengths of signed tokens, keys and certificates follow from the keys, which are not those of the recorded server.
  if (shape.charset === 'compact JWS' || name === 'jwk_n' || name === 'x5c' || length === undefined) return `${set}+`;
  if (typeof length === 'number') return `${set}{${length}}`;
  const [min, max] = Array.isArray(length) ? length : [length.min, length.max];
  return `${set}{${min},${max}}`;
}

const escape = (text) => text.replaceAll(/[\\^$.*+?()[\]{}|/]/gu, String.raw`\$&`);

/** What the placeholders of one file stand for. */
export class Placeholders {
  #values = new Map();
  /** Those that an answer told. */
  #learnt = new Set();

  constructor(shapes) {
    this.shapes = shapes;
  }

  has(key) {
    return this.#values.has(key);
  }

  /** Whether an answer told it, in place of having been brought about. */
  isLearnt(key) {
    return this.#learnt.has(key);
  }

  get(key) {
    return this.#values.get(key);
  }

  bind(key, value) {
    this.#values.set(key, value);
  }

  /** Those of a text that stand for nothing yet. */
  unknownIn(text) {
    return [...text.matchAll(placeholder)].map(([key, name]) => ({ key, name })).filter(({ key }) => !this.has(key));
  }

  /** Some value of that form, which the server has never seen. */
  invent(name) {
    const { charset, length = 40 } = this.shapes?.[name] ?? {};
    const count = typeof length === 'number' ? length : (length.min ?? length[0]);
    return (charset === 'lower-case hex' ? '0f' : '0Zz').repeat(count).slice(0, count);
  }

  /** Puts the values in, encoded where the text is. */
  fill(text, encode = (value) => value) {
    return text.replaceAll(placeholder, (key) => (this.has(key) ? encode(this.#values.get(key)) : key));
  }

  /** Whether a value has the recorded form. What is learnt on the way is kept only if all of it fits. */
  matches(recorded, actual) {
    if (typeof recorded !== 'string') return recorded === actual;
    const keys = [];
    let pattern = '';
    let end = 0;
    for (const match of recorded.matchAll(placeholder)) {
      const [key, name, number] = match;
      pattern += escape(recorded.slice(end, match.index));
      pattern += `(${patternOf(name, this.shapes)})`;
      keys.push({ key, numbered: number !== undefined });
      end = match.index + key.length;
    }
    if (keys.length === 0) return recorded === actual;
    pattern += escape(recorded.slice(end));
    const found = new RegExp(`^${pattern}$`, 'su').exec(String(actual));
    if (found === null) return false;
    const learnt = new Map();
    for (const [index, { key, numbered }] of keys.entries()) {
      if (!numbered) continue;
      const value = found[index + 1];
      const bound = this.#values.get(key) ?? learnt.get(key);
      if (bound !== undefined && bound !== value) return false;
      learnt.set(key, value);
    }
    for (const [key, value] of learnt) {
      if (!this.#values.has(key)) this.#learnt.add(key);
      this.#values.set(key, value);
    }
    return true;
  }
}
