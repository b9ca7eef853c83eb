// Reads a folder of recordings: `world.json`, and a file a topic. Its README tells the form.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const read = (folder, name) => JSON.parse(readFileSync(join(folder, name), 'utf8'));

/** @returns the world that was set up before, and the topics in the order of their names */
export function readRecordings(folder) {
  const names = readdirSync(folder)
    .filter((name) => name.endsWith('.json') && name !== 'world.json')
    .toSorted((one, other) => (one < other ? -1 : 1));
  const topics = names.map((name) => read(folder, name));
  const world = read(folder, 'world.json');
  return { world: { ...world, providers: { ...providersOf(topics, world), ...world.providers } }, topics };
}

/** Providers that were made for single exchanges: named as all are, with the setting that the exchange tells. */
function providersOf(topics, { providers }) {
  const made = {};
  for (const { given = {} } of topics.flatMap(({ exchanges }) => exchanges)) {
    const { provider: kind, providerSetting: setting } = given;
    if (setting === undefined || kind === undefined || providers[kind] !== undefined) continue;
    made[kind] = {
      ...providers.confidential,
      client_id: `rec-${kind}`,
      client_secret: `rec-${kind}-secret-0123456789abcdef`,
      application: `rec-${kind}`,
      ...settings(setting),
    };
  }
  return made;
}

function settings(text) {
  if (text === 'made without the field grant_types') return { grant_types: [] };
  return Object.fromEntries(
    text.split(/, (?=[a-z_]+ )/u).map((part) => {
      const [, name, value] = /^(\w+) (.*)$/su.exec(part) ?? [];
      return [name, value?.startsWith('[') ? JSON.parse(value) : value];
    }),
  );
}

/** Why an exchange is not replayed; `undefined` for one that is. */
export function whyLeftOut({ topic }, { given = {} }) {
  if (topic.startsWith('admin-api-')) return 'the admin API is not emulated yet';
  if (given.race !== undefined) return 'a race: one outcome, not a rule';
  return undefined;
}

/** Pages of the flow interface count by status and redirect only: they are a script application of its own. */
export const isFlowInterface = ({ path }) => /^\/(?:if\/|flows\/|api\/v3\/flows\/)/u.test(path);
