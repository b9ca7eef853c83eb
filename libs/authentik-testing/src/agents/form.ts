/** A form of one of the embedded Authentik's pages. */
export interface Form {
  /** Where it is sent to; undefined: the address of the page. */
  readonly action: string | undefined;
  readonly fields: URLSearchParams;
}

/** Reads the first form of a page that this package itself has written: no HTML of anybody else is ever read here. */
export function formOf(page: string): Form | undefined {
  const form = /<form\b[^>]*>/u.exec(page)?.[0];
  if (form === undefined) return undefined;
  const fields = new URLSearchParams();
  for (const [input] of page.matchAll(/<input\b[^>]*>/gu)) {
    const name = attribute(input, 'name');
    if (name !== undefined) fields.append(name, attribute(input, 'value') ?? '');
  }
  return { action: attribute(form, 'action'), fields };
}

function attribute(tag: string, name: string): string | undefined {
  const value = new RegExp(`\\b${name}="([^"]*)"`, 'u').exec(tag)?.[1];
  return value
    ?.replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&');
}
