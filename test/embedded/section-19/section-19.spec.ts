import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { EmbeddedAuthentik } from 'nestjs-authentik-testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HABITS, type Habit } from '../../../libs/authentik-testing/src/embedded/versions.js';
import { COMPATIBILITY, compatibility, Findings, lineSubject } from './compatibility.js';
import { PROBES, startProbed } from './habits.js';
import { appliesTo, VERSIONS, type Version } from './line.js';
import { LATER, LINES } from './lines.js';
import { startWorld } from './world.js';

const versions = Object.keys(VERSIONS) as Version[];
const habits = Object.keys(HABITS) as Habit[];
const findings = new Findings();

describe.each(versions)('Authentik %s', (version) => {
  let authentik: EmbeddedAuthentik;
  beforeAll(async () => {
    authentik = await startWorld(version);
  });
  afterAll(() => authentik.stop());

  it('is answered as', () => {
    expect(authentik.version).toBe(VERSIONS[version]);
  });

  for (const [number, statements] of Object.entries(LINES)) {
    for (const [index, statement] of statements.entries()) {
      const applies = appliesTo(statement, version);
      it(`line ${number}: ${applies ? '' : 'NOT '}${statement.what}`, async () => {
        const check = applies ? statement.holds : statement.otherwise;
        if (check === undefined) throw new Error('Say what holds in versions without it.');
        await check(authentik);
        findings.see(version, lineSubject(number, index), applies);
      });
    }
  }
});

describe.each(versions)('habits of Authentik %s', (version) => {
  let authentik: EmbeddedAuthentik;
  beforeAll(async () => {
    authentik = await startProbed(version);
  });
  afterAll(() => authentik.stop());

  for (const name of habits) {
    const has = appliesTo(HABITS[name], version);
    it(`${name}: ${has ? '' : 'NOT '}${HABITS[name].what}`, async () => {
      const probe = PROBES[name];
      if (probe === undefined) throw new Error(`Nobody asks for '${name}'. Give it a probe in habits.ts.`);
      expect(await probe(authentik)).toBe(has);
      findings.see(version, name, has);
    });
  }
});

describe('the tables', () => {
  it('have every habit in some of these versions and not in others, so that each probe is seen to say both', () => {
    const undecided = habits.filter(
      (name) => new Set(versions.map((version) => appliesTo(HABITS[name], version))).size < 2,
    );
    expect(undecided).toEqual([]);
  });

  it('have all 36 lines, tested or named as left for later', () => {
    expect([...Object.keys(LINES), ...Object.keys(LATER)].map(Number).toSorted((one, two) => one - two)).toEqual(
      Array.from({ length: 36 }, (_, index) => index + 1),
    );
  });

  it('are what COMPATIBILITY.md says', async () => {
    const found = await compatibility(findings);
    if (process.env['WRITE_COMPATIBILITY'] === '1') writeFileSync(COMPATIBILITY, found);
    const committed = existsSync(COMPATIBILITY) ? readFileSync(COMPATIBILITY, 'utf8') : '';
    expect(
      committed === found,
      'COMPATIBILITY.md is stale. Write it anew: WRITE_COMPATIBILITY=1 npx vitest run test/embedded/section-19',
    ).toBe(true);
  });
});
