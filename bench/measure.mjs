import autocannon from 'autocannon';

import { startServer } from './server-process.mjs';
import { median, quartiles } from './statistics.mjs';

const connections = 16;
const warmUpSeconds = 2;

/**
 * Measures the routes of a group. Each round shoots at every route once and compares within the round only: what else
 * the machine does changes more slowly than that.
 */
export async function measureGroup({ routes, options, tokens, rounds, seconds }) {
  const servers = new Map();
  try {
    for (const { server } of routes) {
      if (!servers.has(server)) servers.set(server, await startServer(server, options));
    }
    const targets = routes.map((route) => ({ ...route, server: servers.get(route.server) }));
    for (const target of targets) {
      await check(target, tokens[0]);
      await shoot(target, tokens, warmUpSeconds);
    }
    const shots = [];
    for (let round = 0; round < rounds; round += 1) shots.push(await shootAll(targets, round, tokens, seconds));
    return compare(targets, shots);
  } finally {
    for (const server of servers.values()) server.stop();
  }
}

async function shootAll(targets, round, tokens, seconds) {
  const shot = new Map();
  for (let turn = 0; turn < targets.length; turn += 1) {
    // Another one begins in each round.
    const target = targets[(round + turn) % targets.length];
    shot.set(target.name, await shoot(target, tokens, seconds));
  }
  return shot;
}

function compare(targets, shots) {
  const [{ name: baseline }] = targets;
  return targets.map(({ name }) => {
    const ratios = (figure) => shots.map((shot) => shot.get(name)[figure] / shot.get(baseline)[figure]);
    const throughput = ratios('perSecond');
    return {
      name,
      throughput: median(throughput),
      quartiles: quartiles(throughput),
      cpu: median(ratios('cpuPerRequest')),
    };
  });
}

/** The request of a route, with a token or without. */
const requestOf = ({ request }, token) => ({
  ...request,
  headers: { ...request.headers, ...(token !== undefined && { authorization: `Bearer ${token}` }) },
});

async function check(target, token) {
  const { name, server, request, needsToken, expected = '' } = target;
  const response = await fetch(server.origin + request.path, requestOf(target, token));
  const text = await response.text();
  if (response.status !== 200 || !text.includes(expected)) {
    throw new Error(`${name} answers ${response.status}: ${text}`);
  }
  const bare = await fetch(server.origin + request.path, requestOf(target));
  await bare.body?.cancel();
  if (bare.status !== (needsToken ? 401 : 200)) throw new Error(`${name} without a token answers ${bare.status}.`);
}

async function shoot(target, tokens, seconds) {
  const { name, server } = target;
  const before = await server.cpuMicroseconds();
  const result = await autocannon({
    url: server.origin,
    connections,
    duration: seconds,
    requests: tokens.map((token) => requestOf(target, token)),
  });
  const cpu = (await server.cpuMicroseconds()) - before;
  if (result.non2xx > 0 || result.errors > 0) {
    throw new Error(`${name}: ${result.non2xx} answers that are not 2xx, ${result.errors} errors.`);
  }
  const answers = result['2xx'];
  return { perSecond: answers / result.duration, cpuPerRequest: cpu / answers };
}
