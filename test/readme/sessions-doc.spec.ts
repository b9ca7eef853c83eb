import { readFileSync } from 'node:fs';

import { AuthentikSessionOptions } from 'nestjs-authentik';
import { describe, expect, it } from 'vitest';

const page = readFileSync(new URL('../../docs/sessions.md', import.meta.url), 'utf8');

/** Option and default of each row of the table of options. */
const rows = [...page.matchAll(/^\| `(\w+)` +\| ([^|]+?) +\|/gmu)].map(([, name = '', value = '']) => [
  name,
  value.replaceAll('`', ''),
]);

describe('the page on sessions', () => {
  it('has a row for each option of sessions, and for nothing else', () => {
    expect(rows.map(([name]) => name)).toEqual(Object.keys(new AuthentikSessionOptions()));
  });

  it('says the defaults that the class has', () => {
    const said = Object.fromEntries(rows) as Record<string, string>;
    for (const [name, value] of Object.entries(new AuthentikSessionOptions())) {
      if (value !== undefined) expect(said[name], name).toBe(String(value));
    }
  });
});
