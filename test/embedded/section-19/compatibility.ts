import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { HABITS, type Evidence, type Habit } from '../../../libs/authentik-testing/src/embedded/versions.js';
import { VERSIONS, type Version } from './line.js';
import { LATER, LINES } from './lines.js';

/** Where the document is committed. */
export const COMPATIBILITY = join(import.meta.dirname, '../../../libs/authentik-testing/COMPATIBILITY.md');

const RECORDINGS = join(import.meta.dirname, '../../contract/recordings');
const versions = Object.keys(VERSIONS) as Version[];

const EVIDENCE: Readonly<Record<Evidence | 'none', string>> = {
  recorded: 'recorded',
  source: 'read in source',
  documented: 'documented',
  none: 'no evidence',
};

/** What the tests saw: by version and by subject, whether it holds there. What they did not see fails the document. */
export class Findings {
  readonly #seen = new Map<string, boolean>();

  see(version: Version, subject: string, holds: boolean): void {
    this.#seen.set(`${version} ${subject}`, holds);
  }

  cells(subject: string): string[] {
    return versions.map((version) => {
      const holds = this.#seen.get(`${version} ${subject}`);
      return holds === undefined ? 'not tested' : holds ? 'yes' : '-';
    });
  }
}

/** @returns COMPATIBILITY.md, of what the tests found */
export async function compatibility(findings: Findings): Promise<string> {
  const text = [
    '# What the embedded Authentik does as which version',
    'Written by its tests (`test/embedded/section-19`), from what they found. Do not edit.',
    `Where the statements come from: *recorded* from a running server (2025.2.3, 2026.5.0-rc1, and a tree of 2026.5 with
    grant types); *read in source* of Authentik; *documented* in its manual, its API schema or its release notes. What
    has no evidence says so. \`2024.8\` stands for 2024.8.3, \`2025.2\` for 2025.2.3, the others for their \`.0\`. Other
    versions are compared by the ranges below.`.replaceAll(/\n\s+/g, ' '),
    '## Behaviour, line by line',
    '`yes`: a test saw it. `-`: this version does not have it, and a test saw that it has not.',
    table(
      ['Line', 'What', ...versions, 'Evidence'],
      Object.entries(LINES).flatMap(([number, statements]) =>
        statements.map(({ what, evidence }, index) => [
          number,
          capital(what),
          ...findings.cells(lineSubject(number, index)),
          EVIDENCE[evidence],
        ]),
      ),
    ),
    `Not emulated yet: ${Object.entries(LATER)
      .map(([number, what]) => `line ${number} (${what})`)
      .join(', ')}.`,
    '## What differs from version to version',
    `One row a habit, as in \`versions.ts\`. The last column tells how the release is known with which it begins or ends;
    with *no evidence* it lies somewhere between two that were seen.`.replaceAll(/\n\s+/g, ' '),
    table(
      ['Habit', 'What', 'Versions', ...versions, 'Evidence', 'Release'],
      (Object.keys(HABITS) as Habit[]).map((name) => [
        `\`${name}\``,
        HABITS[name].what,
        `\`${HABITS[name].versions.replaceAll('|', String.raw`\|`)}\``,
        ...findings.cells(name),
        EVIDENCE[HABITS[name].evidence],
        EVIDENCE[HABITS[name].boundary],
      ]),
    ),
    '## Recorded exchanges',
    'The contract tests replay every exchange of these folders but those of the admin API and those that were a race.',
    table(['Folder', 'Version', 'Exchanges', 'Of the admin API'], readdirSync(RECORDINGS).toSorted().map(recorded)),
  ].join('\n\n');
  return format(text, { ...(await resolveConfig(COMPATIBILITY)), parser: 'markdown' });
}

/** Under which name a statement of a line is found. */
export const lineSubject = (number: string | number, index: number) => `line ${number}.${index}`;

function recorded(folder: string): string[] {
  const read = (name: string) => JSON.parse(readFileSync(join(RECORDINGS, folder, name), 'utf8')) as Recorded;
  const topics = readdirSync(join(RECORDINGS, folder))
    .filter((name) => name.endsWith('.json') && name !== 'world.json')
    .map((name) => read(name));
  return [
    `\`${folder}\``,
    read('world.json').authentikVersion,
    count(topics),
    count(topics.filter(({ topic }) => topic.startsWith('admin-api-'))),
  ];
}

const count = (some: readonly Recorded[]) => String(some.reduce((sum, { exchanges }) => sum + exchanges.length, 0));

interface Recorded {
  readonly authentikVersion: string;
  readonly topic: string;
  readonly exchanges: readonly unknown[];
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '-'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** The first word, unless it is code. */
function capital(sentence: string): string {
  return sentence.charAt(0).toUpperCase() + sentence.slice(1);
}
