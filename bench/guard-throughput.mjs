import process from 'node:process';

import { startAuthentik } from './common/authentik.mjs';
import { row } from './common/row.mjs';
import { startServer } from './common/server-process.mjs';
import { get } from './common/targets.mjs';
import { measureCpu, perCpu } from './common/throughput.mjs';

/** Many and short, for the machine itself changes by more than a guard costs, and within seconds. */
const rounds = Number(process.env.BENCH_ROUNDS ?? 41);
const seconds = 0.5;
/** From peers we differ by more. */
const roundsOfPeers = Math.ceil(rounds / 3);

/** In two servers: an app has one way to guard its routes, and what is compiled for others makes it slower. */
const ours = ['nothing', 'open', 'authenticated', 'groups'];
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
        request: get(`/${name}`),
        needsToken: name !== 'open' && name !== 'nothing',
      }));
      try {
        return await measureCpu({ targets, tokens, rounds: times, seconds });
      } finally {
        server.stop();
      }
    };
    const alone = await measure(ours, rounds);
    const beside = await measure(peers, roundsOfPeers);
    const faster = (baseline) => perCpu(beside, 'groups', baseline);
    return {
      title: 'Requests of Nest for the same CPU',
      note:
        'Server CPU time for a request under load (16 connections, 200 RS256 tokens in turn), compared within each of ' +
        `${rounds} rounds of ${seconds} s; our guards in one server, then the peers in another for ${roundsOfPeers} rounds. Every guard but the first ` +
        'two looks for one group. UserInfo is answered by an Authentik on loopback that has nothing else to do, and costs ' +
        'its own CPU besides.',
      rows: [
        row('no guard, of a guard that does nothing', perCpu(alone, 'open', 'nothing')),
        row('`@Authenticated()`, of a guard that does nothing', perCpu(alone, 'authenticated', 'nothing'), {
          atLeast: 0.93,
        }),
        row('`@AllowedGroups()`, of a guard that does nothing', perCpu(alone, 'groups', 'nothing'), { atLeast: 0.93 }),
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
