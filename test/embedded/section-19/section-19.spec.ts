import type { EmbeddedAuthentik } from 'nestjs-authentik-testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { appliesTo, VERSIONS, type Version } from './line.js';
import { LINES } from './lines.js';
import { startWorld } from './world.js';

describe.each(Object.keys(VERSIONS) as Version[])('Authentik %s', (version) => {
  let authentik: EmbeddedAuthentik;
  beforeAll(async () => {
    authentik = await startWorld(version);
  });
  afterAll(() => authentik.stop());

  it('is answered as', () => {
    expect(authentik.version).toBe(VERSIONS[version]);
  });

  for (const [number, statements] of Object.entries(LINES)) {
    for (const statement of statements) {
      const applies = appliesTo(statement, version);
      it(`line ${number}: ${applies ? '' : 'NOT '}${statement.what}`, async () => {
        const check = applies ? statement.holds : statement.otherwise;
        if (check === undefined) throw new Error('Say what holds in versions without it.');
        await check(authentik);
      });
    }
  }
});
