/** Percent-encodes as Python's `quote`: everything but letters, digits, `_.-~` and what `safe` lists. */
export function quote(text: string, safe = ''): string {
  let out = '';
  for (const character of text) {
    out += /[A-Za-z0-9_.~-]/.test(character) || safe.includes(character) ? character : percent(character);
  }
  return out;
}

/** The same for form values: a space becomes `+`. */
export function quotePlus(text: string): string {
  return quote(text, ' ').replaceAll(' ', '+');
}

/** @returns parameters as Python's `urlencode` writes them */
export function urlencode(parameters: Iterable<readonly [string, string]>): string {
  return [...parameters].map(([name, value]) => `${quotePlus(name)}=${quotePlus(value)}`).join('&');
}

/** What Django does to the target of a redirect: only what can't stand in an address is encoded. */
export function iriToUri(iri: string): string {
  return quote(iri, "/#%[]=:;$&()+,!?*@'");
}

function percent(character: string): string {
  return [...Buffer.from(character, 'utf8')]
    .map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`)
    .join('');
}
