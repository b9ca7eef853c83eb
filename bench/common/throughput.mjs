import autocannon from 'autocannon';

import { shuffled } from './statistics.mjs';
import { check, requestOf } from './targets.mjs';

const connections = 16;

/**
 * CPU of the server for one request of each target. Each round shoots at every target once, so that they meet the same
 * moods of the machine; what counts is the sum of all rounds, for a major garbage collection comes once in a few of them
 * and is part of what a request costs.
 * @returns target name to CPU microseconds
 */
export async function measureCpu({ targets, tokens, rounds, seconds, warmUpSeconds = 2 }) {
  for (const target of targets) {
    for (const request of requestsOf(target)) await check({ ...target, request }, tokens[0]);
  }
  const found = new Map(targets.map(({ name }) => [name, { cpu: 0, requests: 0 }]));
  // In turn from the beginning: what is warmed up alone first keeps for a while what the compiler made for it alone.
  const warmUpRounds = Math.ceil(warmUpSeconds / seconds);
  for (let round = -warmUpRounds; round < rounds; round += 1) {
    // By chance, for each leaves garbage to the one that comes after it.
    for (const index of shuffled(targets.length)) {
      const { cpu, requests } = await shoot(targets[index], tokens, seconds);
      if (round < 0) continue;
      const sum = found.get(targets[index].name);
      sum.cpu += cpu;
      sum.requests += requests;
    }
  }
  return Object.fromEntries([...found].map(([name, { cpu, requests }]) => [name, cpu / requests]));
}

/** Of a target that is at several paths, in turn. */
const requestsOf = ({ requests, request }) => requests ?? [request];

async function shoot(target, tokens, seconds) {
  const { name, server } = target;
  const requests = requestsOf(target);
  const before = await server.cpuMicroseconds();
  const result = await autocannon({
    url: server.origin,
    connections,
    duration: seconds,
    // It ends at a sample only, which it takes once a second by itself.
    sampleInt: 100,
    requests: tokens.map((token, turn) => requestOf(requests[turn % requests.length], token)),
  });
  const cpu = (await server.cpuMicroseconds()) - before;
  if (result.non2xx > 0 || result.errors > 0) {
    throw new Error(`${name}: ${result.non2xx} answers that are not 2xx, ${result.errors} errors.`);
  }
  return { cpu, requests: result['2xx'] };
}

/** How many requests one serves for the CPU of another, start by start; more than 1 is faster. */
export const perCpu = (starts, name, baseline) => starts.map((found) => found[baseline] / found[name]);
