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

/**
 * Providers that were made for single exchanges: named as all are, with the settings that an exchange tells, or else
 * what the topic is about.
 */
function providersOf(topics, { providers }) {
  const made = {};
  for (const { about = '', exchanges } of topics) {
    for (const { given = {} } of exchanges) {
      const { provider: kind, providerSetting: setting } = given;
      if (kind === undefined || !/^[\w-]+$/u.test(kind) || providers[kind] !== undefined) continue;
      made[kind] = {
        ...providers.confidential,
        client_id: `rec-${kind}`,
        client_secret: `rec-${kind}-secret-0123456789abcdef`,
        application: `rec-${kind}`,
        ...settingsInProse(about, providers.confidential),
        ...made[kind],
        ...(setting !== undefined && settings(setting)),
      };
    }
  }
  return made;
}

/** Fields of the API by name, one after the other. */
function settings(text) {
  if (text === 'made without the field grant_types') return { grant_types: [] };
  return Object.fromEntries(
    text.split(/, (?=[a-z_]+ )/u).map((part) => {
      const [, name, value] = /^(\w+) (.*)$/su.exec(part) ?? [];
      return [name, value?.startsWith('[') ? JSON.parse(value) : value];
    }),
  );
}

/** "Provider with refresh_token_threshold days=1", "a provider with one strict logout URI http://localhost:3999/bye". */
function settingsInProse(about, { redirect_uris: redirectUris }) {
  const [, durationName, duration] = /\b([a-z_]+_(?:threshold|validity)) (\w+=[\w=;]+)/u.exec(about) ?? [];
  const logoutUris = [...about.matchAll(/\b(strict|regex) logout URI (\S+?)[.,;]?(?=\s|$)/gu)].map(([, mode, url]) => ({
    matching_mode: mode,
    url,
    redirect_uri_type: 'logout',
  }));
  return {
    ...(durationName !== undefined && { [durationName]: duration }),
    ...(logoutUris.length > 0 && { redirect_uris: [...redirectUris, ...logoutUris] }),
  };
}

/** Kinds of providers whose recorded answers show a key for encryption; `world.json` does not name it. */
export function encryptedKinds(world, topics) {
  const told = topics
    .flatMap(({ exchanges }) => exchanges)
    .filter(({ response }) => /"RSA-OAEP-256"/u.test(JSON.stringify(response)))
    .map(({ given = {}, request }) => given.provider ?? /\/application\/o\/rec-(\w+)\//u.exec(request.path)?.[1]);
  return new Set([...told, ...Object.keys(world.providers).filter((kind) => /encrypted/u.test(kind))]);
}

/** Why an exchange is not replayed; `undefined` for one that is. */
export function whyLeftOut({ topic }, { given = {}, request }) {
  if (topic.startsWith('admin-api-')) return 'the admin API is a later issue';
  if (given.race !== undefined) return 'a race: one outcome, not a rule';
  if (isAdminApi(request) && administratorsAct(request) === undefined) return 'the admin API is a later issue';
  return undefined;
}

/** Whatever is under `/api/v3/`, but for flows and for what everybody may ask. */
const isAdminApi = ({ path }) =>
  /^\/api\/v3\/(?!flows\/executor\/|core\/users\/me\/|core\/brands\/current\/)/u.test(path);

/** Pages of the flow interface count by status and redirect only: they are a script application of its own. */
export const isFlowInterface = ({ path }) => /^\/(?:if|flows)\//u.test(path);

/** A call of an administrator that ends something: the kit has methods for these, and the API itself is a later issue. */
export function administratorsAct({ method, path, body }) {
  if (method === 'DELETE' && path.startsWith('/api/v3/core/authenticated_sessions/')) return 'delete-session';
  if (method === 'DELETE' && path.startsWith('/api/v3/core/users/')) return 'delete-user';
  if (method !== 'PATCH' || !path.startsWith('/api/v3/core/users/') || body?.is_active === undefined) return undefined;
  return body.is_active ? 'reactivate' : 'deactivate';
}
