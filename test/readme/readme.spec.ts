import { readFileSync } from 'node:fs';

import {
  AuthentikOptions,
  AuthentikRedisOptions,
  AuthentikSessionOptions,
  AuthentikTokenOptions,
  authentikConfigFromEnv,
} from 'nestjs-authentik';
import { refusalReasons } from '../../libs/authentik/src/errors/index.js';
import { loginAnswers } from '../../libs/authentik/src/session/pages/login-answers.js';
import { describe, expect, it } from 'vitest';

const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');

/** Rows of the table whose first column has this title; cells as text, code marks taken off. */
function table(title: string): string[][] {
  const lines = readme.split('\n');
  const head = lines.findIndex((line) => new RegExp(`^\\| ${title} +\\|`, 'u').test(line));
  const rows = lines.slice(head + 2);
  return rows
    .slice(
      0,
      rows.findIndex((line) => !line.startsWith('|')),
    )
    .map((line) =>
      line
        .split(/(?<!\\)\|/u)
        .slice(1, -1)
        .map((cell) => cell.trim().replace(/^`|`$/gu, '')),
    );
}

type Default = string | number | boolean | string[] | undefined;

const nested: Readonly<Record<string, object>> = {
  tokens: new AuthentikTokenOptions(),
  redis: new AuthentikRedisOptions(),
  session: new AuthentikSessionOptions(),
};
const options = Object.entries(new AuthentikOptions()).flatMap(([name, value]): [string, Default][] => {
  const members = nested[name];
  return members === undefined
    ? [[name, value as Default]]
    : Object.entries(members).map(([member, inner]) => [`${name}.${member}`, inner as Default]);
});

describe('the manual', () => {
  it('has a row for each option, and for nothing else', () => {
    expect(
      table('Option')
        .map(([name]) => name)
        .toSorted((a = '', b = '') => a.localeCompare(b)),
    ).toEqual(options.map(([name]) => name).toSorted((a, b) => a.localeCompare(b)));
  });

  it('says the defaults that the option classes have', () => {
    const said = new Map(table('Option').map(([name, , value]) => [name, value]));
    for (const [name, value] of options) {
      if (value === undefined) continue;
      expect(said.get(name), name).toBe(Array.isArray(value) ? value.join(' ') : String(value));
    }
  });

  it('names the environment variable of each option', () => {
    for (const [name = '', variable = ''] of table('Option')) {
      if (variable === '') continue;
      const [first = '', second] = name.split('.');
      const read = authentikConfigFromEnv({ [variable]: '7' }) as unknown as Record<string, Record<string, unknown>>;
      expect(second === undefined ? read[first] : read[first]?.[second], variable).toBeDefined();
    }
    expect(
      table('Option')
        .filter(([, variable]) => variable === '')
        .map(([name]) => name),
    ).toEqual(['redis.client', 'store', 'mapUser', 'session.store', 'onLogin', 'onLogout']);
  });

  it('explains each failure of a sign-in, with its status', () => {
    expect(table('Sign-in').map(([word, status]) => [word, Number(status)])).toEqual(
      Object.entries(loginAnswers).map(([word, { status }]) => [word, status]),
    );
  });

  it('explains each reason for a refusal', () => {
    expect(table('Reason').map(([reason]) => reason)).toEqual(refusalReasons);
  });

  it('says how long tokens are judged without Redis, by a sample whose members are options', () => {
    const [, section = ''] = readme.split('## Several processes, Redis and revocation\n');
    const [, seconds] = /`tokens\.revocationStaleSeconds` \((\d+) seconds\)/u.exec(section) ?? [];
    expect(Number(seconds)).toBe(new AuthentikTokenOptions().revocationStaleSeconds);
    const [, sample = ''] = /```ts\n(.*?)```/su.exec(section) ?? [];
    const members = [...sample.matchAll(/\b(\w+): (?:'|create)/gu), ...sample.matchAll(/\{ (client):/gu)];
    expect(new Set(members.map(([, name]) => name))).toEqual(new Set(Object.keys(new AuthentikRedisOptions())));
  });
});
