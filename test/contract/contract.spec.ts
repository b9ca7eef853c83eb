import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { readRecordings } from './recordings.mjs';
import { replayOn, type Outcome } from './run.mjs';

const recordings = join(import.meta.dirname, 'recordings');

/** The only reasons that there are. */
const REASONS = ['the admin API is a later issue', 'a race: one outcome, not a rule'];

describe.each(readdirSync(recordings))('recordings of %s', (folder) => {
  const read = readRecordings(join(recordings, folder));

  it.each(read.topics.map((topic) => ({ title: topic.topic, topic })))('are met: $title', async ({ topic }) => {
    const outcomes: Outcome[] = [];
    await replayOn(read, topic, (outcome: Outcome) => outcomes.push(outcome));
    const notMet = outcomes.filter(({ differences = [] }) => differences.length > 0);
    expect(notMet).toStrictEqual([]);
    expect(outcomes).toHaveLength(topic.exchanges.length);
    for (const { leftOut } of outcomes) if (leftOut !== undefined) expect(REASONS).toContain(leftOut);
  });
});

interface Recording {
  exchanges: {
    name: string;
    response: {
      status: number;
      headers: Record<string, string>;
      body: Record<string, unknown>;
      decoded?: { access_token: { payload: Record<string, unknown> } };
    };
    facts?: { access_token: { signatureVerifiedWith: string } };
  }[];
}

describe('the runner', () => {
  const folders: string[] = [];
  afterAll(() => {
    for (const folder of folders) rmSync(folder, { recursive: true });
  });

  /** Runs the command on two exchanges of which the first was altered. */
  async function run(topic: string, name: string, alter: (exchange: Recording['exchanges'][number]) => void) {
    const folder = mkdtempSync(join(tmpdir(), 'recordings-'));
    folders.push(folder);
    cpSync(join(recordings, '2026.5', 'world.json'), join(folder, 'world.json'));
    const file = JSON.parse(readFileSync(join(recordings, '2026.5', `${topic}.json`), 'utf8')) as Recording;
    file.exchanges = file.exchanges.filter((exchange) => exchange.name.startsWith(name)).slice(0, 2);
    const [first] = file.exchanges;
    if (first === undefined) throw new Error(`There is no exchange '${name}'`);
    alter(first);
    writeFileSync(join(folder, `${topic}.json`), JSON.stringify(file));
    const command = [join(import.meta.dirname, 'run.mjs'), '--recordings', folder];
    try {
      return { code: 0, stdout: (await promisify(execFile)(process.execPath, command)).stdout };
    } catch (error) {
      return error as { code: number; stdout: string };
    }
  }

  const cases: readonly [string, string, string, (exchange: Recording['exchanges'][number]) => void][] = [
    ['a status', 'userinfo', 'openid only', ({ response }) => (response.status = 201)],
    ['a header', 'userinfo', 'openid only', ({ response }) => (response.headers['cache-control'] = 'public')],
    ['a literal', 'discovery', 'metadata of provider', ({ response }) => (response.body['issuer'] = 'http://x/')],
    ['a missing member', 'userinfo', 'openid only', ({ response }) => (response.body['email'] = 'a@example.test')],
    [
      'a placeholder',
      'tokens-claims',
      'confidential, openid',
      ({ response }) => (response.body['id_token'] = '<access_token:1>'),
    ],
    [
      'a claim',
      'tokens-claims',
      'confidential, openid',
      ({ response }) => {
        if (response.decoded !== undefined) response.decoded.access_token.payload['acr'] = 'other';
      },
    ],
    [
      'a fact',
      'tokens-claims',
      'confidential, openid',
      ({ facts }) => {
        if (facts !== undefined) facts.access_token.signatureVerifiedWith = 'the client secret (HS256)';
      },
    ],
  ];

  it.each(cases)('finds %s that was altered, says where, and ends with 1', async (_what, topic, name, alter) => {
    expect(await run(topic, name, () => undefined)).toMatchObject({ code: 0 });
    const { code, stdout } = await run(topic, name, alter);
    expect(code).toBe(1);
    expect(stdout).toContain(`not met: ${topic}: ${name}`);
    expect(stdout).toMatch(/^\d+ met, 1 not met, 0 left out$/m);
  });
});
