import process from 'node:process';
import { Agent, request as send } from 'node:http';

import { startAuthentik } from './common/authentik.mjs';
import { microseconds, row } from './common/row.mjs';
import { startServer } from './common/server-process.mjs';
import { median, shuffled } from './common/statistics.mjs';
import { check, get, pathsOf } from './common/targets.mjs';

const blocks = Number(process.env.BENCH_BLOCKS ?? 30);
const callsInBlock = 200;
const warmUpCalls = 3000;

const open = { name: 'open', needsToken: false };
const openAgain = { name: 'openAgain', needsToken: false };
const nothing = { name: 'nothing', needsToken: false };
const map = { name: 'map', needsToken: true };
const authenticated = { name: 'authenticated', needsToken: true };
const groups = { name: 'groups', needsToken: true };

/**
 * What a guard adds to a request, one request at a time. Each guard with the one that does nothing has a server of its own: what
 * one leaves at a request makes the others slower, and so does each request in between, whose code and data take the place of
 * a guard's in the caches of the processor. How much that is, the last rows show.
 */
export async function measurePairedGuards() {
  const authentik = await startAuthentik();
  try {
    const found = {
      nothing: await measure(authentik, [open, openAgain, nothing]),
      map: await measure(authentik, [nothing, map]),
      authenticated: await measure(authentik, [nothing, authenticated]),
      groups: await measure(authentik, [nothing, groups]),
      all: await measure(authentik, [open, openAgain, nothing, map, authenticated, groups]),
    };
    return report(found);
  } finally {
    await authentik.stop();
  }
}

async function measure(authentik, routes) {
  const only = routes.map(({ name }) => name);
  const server = await startServer('nest', { ...authentik.optionsOf('rs256'), only });
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  try {
    const tokens = await authentik.tokens(200);
    for (const route of routes) {
      for (const path of pathsOf(route.name)) await check({ ...route, server, request: get(path) }, tokens[0]);
    }
    let turn = 0;
    const callAll = async (times) => {
      for (let call = 0; call < times; call += 1) {
        for (const index of shuffled(routes.length)) {
          const token = tokens[(turn += 1) % tokens.length];
          await fetchOnce(agent, server.origin + pathsOf(routes[index].name)[call % 2], token);
        }
      }
      return server.ask('times');
    };
    await callAll(warmUpCalls);
    const found = [];
    for (let block = 0; block < blocks; block += 1) {
      const times = await callAll(callsInBlock);
      const middle = ([first, second]) => (median(times[first]) + median(times[second])) / 2;
      found.push(Object.fromEntries(routes.map(({ name }) => [name, middle(pathsOf(name))])));
    }
    return found;
  } finally {
    agent.destroy();
    server.stop();
  }
}

function report(found) {
  const over = (name, baseline, server = name) => found[server].map((block) => block[name] - block[baseline]);
  const format = microseconds;
  return {
    title: 'What a guard adds to a request of Nest',
    note:
      'One process for each guard and the one that does nothing, with two routes for each, the one as far from the first as the ' +
      'other from the last, called in shuffled order, one request at a time, time taken in the server. ' +
      `The figure is the median of ${blocks} blocks of ${callsInBlock} calls a route, 200 RS256 tokens in turn, all of ` +
      'them verified before. The second unguarded route shows what this can resolve. Among six is one process with all of these ' +
      'routes in turn, where each guard is called once in six requests only.',
    rows: [
      row('control: an unguarded route over another one', over('openAgain', 'open', 'nothing'), { format }),
      row('a guard that does nothing, over no guard', over('nothing', 'open'), { format }),
      row('a Map by SHA-256 of the token, by hand, over a guard that does nothing', over('map', 'nothing'), { format }),
      row('`@Authenticated()`, over a guard that does nothing', over('authenticated', 'nothing'), {
        format,
        atMost: 18,
      }),
      row('`@AllowedGroups()`, over a guard that does nothing', over('groups', 'nothing'), { format, atMost: 18 }),
      row('the Map by hand, among six', over('map', 'nothing', 'all'), { format }),
      row('`@Authenticated()`, among six', over('authenticated', 'nothing', 'all'), { format }),
      row('`@AllowedGroups()`, among six', over('groups', 'nothing', 'all'), { format }),
    ],
  };
}

function fetchOnce(agent, url, token) {
  return new Promise((resolve, reject) => {
    const sent = send(url, { agent, headers: { authorization: `Bearer ${token}` } }, (response) => {
      response.resume();
      response.once('end', () =>
        response.statusCode === 200 ? resolve() : reject(new Error(`${url}: ${response.statusCode}`)),
      );
    });
    sent.once('error', reject);
    sent.end();
  });
}
