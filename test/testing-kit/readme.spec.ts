import { readFileSync } from 'node:fs';

import { type EmbeddedAuthentik, startEmbeddedAuthentik } from 'nestjs-authentik-testing';
import * as kit from 'nestjs-authentik-testing';
import { describe, expect, it } from 'vitest';

import { BROKEN } from '../../libs/authentik-testing/src/mint/broken-kinds.js';

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const readme = read('libs/authentik-testing/README.md');

describe('the manual of the testing kit', () => {
  it('begins with the ten lines that the example runs', () => {
    expect(readme).toContain(read('examples/api-with-tests/test/reports.spec.ts').trimEnd());
  });

  it('has a row for each way to be wrong, and for nothing else', () => {
    const rows = readme.slice(readme.indexOf('| Kind')).split('\n').slice(2);
    const table = rows
      .slice(0, rows.indexOf(''))
      .map((row) => row.split('|').map((cell) => cell.trim()))
      .map(([, kind = '', what = '']) => [kind.replaceAll('`', ''), what]);
    expect(Object.fromEntries(table)).toEqual(BROKEN);
  });

  it('names every member of a running one, and every function of the package', async () => {
    const authentik: EmbeddedAuthentik = await startEmbeddedAuthentik();
    await authentik.stop();
    const functions = Object.entries(kit).flatMap(([name, value]) =>
      typeof value === 'function' && /^[a-z]/u.test(name) ? name : [],
    );
    const unnamed = [...Object.keys(authentik), ...functions].filter(
      (name) => !new RegExp(`\\b${name}\\b`, 'u').test(readme),
    );
    expect(unnamed).toEqual([]);
  });
});
