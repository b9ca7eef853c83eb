// Compares an answer with a recorded one; says every difference.
const sets = new Set(['scope', 'groups', 'entitlements', 'roles', 'scopes_supported', 'claims_supported']);
const counted =
  /^(?:content-type|location|www-authenticate|allow|cache-control|pragma|vary|x-frame-options|x-authentik-id|referrer-policy|x-content-type-options|access-control-.*)$/u;
/** Of which the absence says as much as the presence. */
const telling = /^(?:location|www-authenticate|allow|access-control-.*)$/u;

const sorted = (list) => list.toSorted((one, other) => (String(one) < String(other) ? -1 : 1));
const words = (value) => (typeof value === 'string' ? value.split(' ') : value);
const short = (value) => {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 160 ? `${text.slice(0, 160)}…` : text;
};

export function compareAnswer(recorded, actual, placeholders, { statusOnly }) {
  const differences = [];
  if (recorded.status !== actual.status) differences.push(`status ${actual.status} instead of ${recorded.status}`);
  compareHeaders(recorded.headers ?? {}, actual.headers, placeholders, differences, statusOnly);
  if (statusOnly || differences.length > 0) return differences;
  compareBody(recorded, actual, placeholders, differences);
  if (recorded.decoded !== undefined && differences.length === 0)
    compareTokens(recorded.decoded, actual, placeholders, differences);
  return differences;
}

/** The order of a list of names says nothing. */
const sameNames = (recorded, actual) =>
  sorted(recorded.split(', ')).join() === sorted((actual ?? '').split(', ')).join();

function compareHeaders(recorded, actual, placeholders, differences, locationOnly) {
  for (const [name, value] of Object.entries(recorded)) {
    if (locationOnly ? name !== 'location' : !counted.test(name)) continue;
    if (name === 'vary' ? !sameNames(value, actual[name]) : !placeholders.matches(value, actual[name])) {
      differences.push(`${name}: ${short(actual[name])} instead of ${short(placeholders.fill(value))}`);
    }
  }
  if (locationOnly) return;
  for (const name of Object.keys(actual)) {
    if (telling.test(name) && recorded[name] === undefined)
      differences.push(`${name}: ${short(actual[name])} instead of nothing`);
  }
}

function compareBody(recorded, actual, placeholders, differences) {
  if (recorded.bodyKind === 'empty') {
    if (actual.body !== '') differences.push(`a body of ${actual.body.length} characters instead of none`);
  } else if (recorded.bodyKind === 'json') {
    let json;
    try {
      json = JSON.parse(actual.body);
    } catch {
      differences.push(`no JSON: ${short(actual.body)}`);
      return;
    }
    compareValue('body', recorded.body, json, placeholders, differences);
  } else if (recorded.bodyKind === 'html') {
    comparePage(recorded.body, actual.body, placeholders, differences);
  } else if (!placeholders.matches(recorded.body, actual.body)) {
    differences.push(`body ${short(actual.body)} instead of ${short(recorded.body)}`);
  }
}

function comparePage({ title, heading, text }, html, placeholders, differences) {
  const page = textOf(html);
  if (title !== null && !placeholders.matches(title, page.title))
    differences.push(`title ${short(page.title)} instead of ${short(title)}`);
  for (const part of [heading, ...(text ?? [])]) {
    if (part !== null && part !== undefined && !page.text.includes(placeholders.fill(part))) {
      differences.push(`the page lacks ${short(part)}`);
    }
  }
}

export function compareValue(path, recorded, actual, placeholders, differences) {
  const name = path.slice(path.lastIndexOf('.') + 1);
  if (
    sets.has(name) &&
    [recorded].flat().every((one) => typeof one === 'string') &&
    (Array.isArray(recorded) || typeof recorded === 'string') &&
    !String(recorded).startsWith('<')
  ) {
    const [one, other] = [recorded, actual].map((value) => JSON.stringify(sorted([words(value)].flat())));
    if (one !== other) differences.push(`${path}: ${short(actual)} instead of ${short(recorded)}`);
    return;
  }
  if (recorded?.bodyKind === 'html' && typeof actual === 'string') {
    comparePage(recorded, actual, placeholders, differences);
    return;
  }
  if (typeof recorded === 'object' && recorded !== null) {
    if (typeof actual !== 'object' || actual === null || Array.isArray(recorded) !== Array.isArray(actual)) {
      differences.push(`${path}: ${short(actual)} instead of ${short(recorded)}`);
      return;
    }
    for (const key of new Set([...Object.keys(recorded), ...Object.keys(actual)])) {
      // Not worth comparing, as the README of the recordings says.
      if (key === 'background') continue;
      const inner = `${path}.${key}`;
      if (!(key in recorded)) differences.push(`${inner}: ${short(actual[key])} instead of nothing`);
      else if (!(key in actual)) differences.push(`${inner}: nothing instead of ${short(recorded[key])}`);
      else compareValue(inner, recorded[key], actual[key], placeholders, differences);
    }
    return;
  }
  if (!placeholders.matches(recorded, actual)) {
    differences.push(
      `${path}: ${short(actual)} instead of ${short(typeof recorded === 'string' ? placeholders.fill(recorded) : recorded)}`,
    );
  }
}

/** Tokens by name, wherever in the answer they are. */
export function tokensOf({ headers, body }) {
  const found = {};
  const { location = '' } = headers;
  for (const [name, value] of new URLSearchParams(location.split(/[#?]/u).slice(1).join('&'))) found[name] = value;
  try {
    Object.assign(found, JSON.parse(body));
  } catch {
    // Not JSON.
  }
  return found;
}

export const decode = (part) => JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));

function compareTokens(decoded, actual, placeholders, differences) {
  const tokens = tokensOf(actual);
  for (const [name, recorded] of Object.entries(decoded)) {
    const [header, payload] = String(tokens[name] ?? '').split('.');
    let parts;
    try {
      parts = { header: decode(header), ...(recorded.payload !== undefined && { payload: decode(payload) }) };
    } catch {
      differences.push(`${name} is no JWT`);
      continue;
    }
    const { facts, ...expected } = recorded;
    for (const part of Object.keys(parts))
      compareValue(`${name}.${part}`, expected[part], parts[part], placeholders, differences);
    const { payload: claims } = parts;
    // A second may pass between the two.
    if (facts?.exp_minus_iat !== undefined && Math.abs(claims.exp - claims.iat - facts.exp_minus_iat) > 1) {
      differences.push(`${name} lives ${claims.exp - claims.iat} seconds instead of ${facts.exp_minus_iat}`);
    }
  }
}

function textOf(html) {
  const title = /<title>([^<]*)<\/title>/u.exec(html)?.[1]?.trim() ?? '';
  const text = html
    .replaceAll(/<(?:style|script)\b[^>]*>.*?<\/(?:style|script)>/gsu, ' ')
    .replaceAll(/<[^>]*>/gu, ' ')
    .replaceAll('&#39;', "'")
    .replaceAll('&#x27;', "'")
    .replaceAll('&quot;', '"')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&')
    .replaceAll(/\s+/gu, ' ');
  return { title, text };
}
