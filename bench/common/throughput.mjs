import autocannon from 'autocannon';

import { check, requestOf } from './targets.mjs';

const connections = 16;

/**
 * CPU of the server for one request of each target, round by round. Each round shoots at every target once, in another
 * order, so that values of one round may be compared: what else the machine does changes more slowly than that.
 * @returns target name to CPU microseconds of each round
 */
export async function measureCpu({ targets, tokens, rounds, seconds, warmUpSeconds = 2 }) {
  for (const target of targets) {
    await check(target, tokens[0]);
    await shoot(target, tokens, warmUpSeconds);
  }
  const found = Object.fromEntries(targets.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (let turn = 0; turn < targets.length; turn += 1) {
      const target = targets[(round + turn) % targets.length];
      found[target.name].push(await shoot(target, tokens, seconds));
    }
  }
  return found;
}

async function shoot(target, tokens, seconds) {
  const { name, server } = target;
  const before = await server.cpuMicroseconds();
  const result = await autocannon({
    url: server.origin,
    connections,
    duration: seconds,
    // It ends at a sample only, which it takes once a second by itself.
    sampleInt: 100,
    requests: tokens.map((token) => requestOf(target, token)),
  });
  const cpu = (await server.cpuMicroseconds()) - before;
  if (result.non2xx > 0 || result.errors > 0) {
    throw new Error(`${name}: ${result.non2xx} answers that are not 2xx, ${result.errors} errors.`);
  }
  return cpu / result['2xx'];
}

/** How many requests one takes in the time of another, round by round; more than 1 is faster. */
export const perCpu = (found, name, baseline) => found[name].map((value, round) => found[baseline][round] / value);
