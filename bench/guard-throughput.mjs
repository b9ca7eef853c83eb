import process from 'node:process';

import { startAuthentik } from './common/authentik.mjs';
import { row } from './common/row.mjs';
import { startServer } from './common/server-process.mjs';
import { get, pathsOf } from './common/targets.mjs';
import { measureCpu, perCpu } from './common/throughput.mjs';

/** Fresh processes, since what the compiler makes of one of them differs by more than a guard costs. */
const starts = 12;
/**
 * Many and short, for the machine itself changes within seconds. And so many, since a major garbage collection, which takes a
 * tenth of a round, comes in every other one and falls to the one or the other.
 */
const rounds = Number(process.env.BENCH_ROUNDS ?? 24);
const seconds = 0.4;
/** From peers we differ by more. */
const startsOfPeers = 3;
const roundsOfPeers = Math.ceil(rounds / 2);

/**
 * In servers of their own: an app has one way to guard its routes, and what others leave at a request, or what is compiled for
 * them, makes it slower.
 */
const ours = ['nothing', 'open', 'authenticated', 'groups'];
const byHand = ['nothing', 'groups', 'map'];
const peers = ['nothing', 'groups', 'jose', 'mcpSdk', 'expressOAuth2', 'passport', 'userInfo'];

/** How many requests a guard lets a server serve for the same CPU. */
export async function measureGuardThroughput() {
  const authentik = await startAuthentik();
  try {
    const tokens = await authentik.tokens(200);
    const measure = async (only, times) => {
      const server = await startServer('nest', { ...authentik.optionsOf('rs256'), only });
      const targets = only.map((name) => ({
        name,
        server,
        requests: pathsOf(name).map((path) => get(path)),
        needsToken: name !== 'open' && name !== 'nothing',
      }));
      try {
        return await measureCpu({ targets, tokens, rounds: times, seconds });
      } finally {
        server.stop();
      }
    };
    const alone = [];
    while (alone.length < starts) alone.push(await measure(ours, rounds));
    const written = [];
    while (written.length < startsOfPeers) written.push(await measure(byHand, rounds));
    const beside = [];
    while (beside.length < startsOfPeers) beside.push(await measure(peers, roundsOfPeers));
    const faster = (baseline) => perCpu(beside, 'groups', baseline);
    return {
      title: 'Requests of Nest for the same CPU',
      note:
        'Server CPU time for a request under load (16 connections, 200 RS256 tokens in turn), summed over ' +
        `${rounds} rounds of ${seconds} s each in turn; ${starts} fresh processes for our guards, ${startsOfPeers} with one by hand, and ` +
        `${startsOfPeers} with the peers, of ${roundsOfPeers} rounds. ` +
        'Each guard has two routes, the one as far from the first as the other from the last. ' +
        'Every guard but `@Authenticated()` looks for one group. UserInfo is answered by an Authentik on loopback that has nothing else to do, and costs ' +
        'its own CPU besides.',
      rows: [
        row('no guard, of a guard that does nothing', perCpu(alone, 'open', 'nothing')),
        row('a Map by SHA-256 of the token, by hand, of a guard that does nothing', perCpu(written, 'map', 'nothing')),
        row('`@Authenticated()`, of a guard that does nothing', perCpu(alone, 'authenticated', 'nothing'), {
          atLeast: 0.93,
        }),
        row('`@AllowedGroups()`, of a guard that does nothing', perCpu(alone, 'groups', 'nothing'), { atLeast: 0.93 }),
        row('`@AllowedGroups()` over a Map by SHA-256 of the token, by hand', perCpu(written, 'groups', 'map')),
        row('guard by hand with `jose`, of a guard that does nothing', perCpu(beside, 'jose', 'nothing')),
        row('a guard that does nothing, over UserInfo for each request', perCpu(beside, 'nothing', 'userInfo')),
        row('`@AllowedGroups()` over UserInfo for each request (`openid-client`)', faster('userInfo'), {
          atLeast: 3.5,
        }),
        row('`@AllowedGroups()` over `express-oauth2-jwt-bearer`', faster('expressOAuth2'), { atLeast: 1 }),
        row('`@AllowedGroups()` over `requireBearerAuth` and `jose`', faster('mcpSdk'), { atLeast: 1 }),
        row('`@AllowedGroups()` over Passport and `jose`', faster('passport'), { atLeast: 1 }),
      ],
    };
  } finally {
    await authentik.stop();
  }
}
