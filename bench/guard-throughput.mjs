import process from 'node:process';

import { startAuthentik } from './common/authentik.mjs';
import { row } from './common/row.mjs';
import { startServer } from './common/server-process.mjs';
import { get } from './common/targets.mjs';
import { measureCpu, perCpu } from './common/throughput.mjs';

/** Many and short, for the machine itself changes by more than a guard costs, and within seconds. */
const rounds = Number(process.env.BENCH_ROUNDS ?? 41);
const seconds = 0.3;

const names = ['open', 'nothing', 'authenticated', 'groups', 'jose', 'mcpSdk', 'expressOAuth2', 'passport', 'userInfo'];

/** How many requests a guard lets a server serve for the same CPU. */
export async function measureGuardThroughput() {
  const authentik = await startAuthentik();
  const server = await startServer('nest', authentik.optionsOf('rs256'));
  try {
    const tokens = await authentik.tokens(200);
    const targets = names.map((name) => ({
      name,
      server,
      request: get(`/${name}`),
      needsToken: name !== 'open' && name !== 'nothing',
    }));
    const found = await measureCpu({ targets, tokens, rounds, seconds });
    const ofNothing = (name) => perCpu(found, name, 'nothing');
    const faster = (baseline) => perCpu(found, 'groups', baseline);
    return {
      title: 'Requests of Nest for the same CPU',
      note:
        'Server CPU time for a request under load (16 connections, 200 RS256 tokens in turn), compared within each of ' +
        `${rounds} rounds of 1 s. Every guard but the first two looks for one group. UserInfo is answered by an Authentik ` +
        'on loopback that has nothing else to do, and costs its own CPU besides.',
      rows: [
        row('no guard, of a guard that does nothing', ofNothing('open')),
        row('`@Authenticated()`, of a guard that does nothing', ofNothing('authenticated'), { atLeast: 0.93 }),
        row('`@AllowedGroups()`, of a guard that does nothing', ofNothing('groups'), { atLeast: 0.93 }),
        row('guard by hand with `jose`, of a guard that does nothing', ofNothing('jose')),
        row('`requireBearerAuth` and `jose`, of a guard that does nothing', ofNothing('mcpSdk')),
        row('`express-oauth2-jwt-bearer`, of a guard that does nothing', ofNothing('expressOAuth2')),
        row('Passport bearer strategy and `jose`, of a guard that does nothing', ofNothing('passport')),
        row('UserInfo for each request (`openid-client`), of a guard that does nothing', ofNothing('userInfo')),
        row('a guard that does nothing, over UserInfo for each request', perCpu(found, 'nothing', 'userInfo')),
        row('`@AllowedGroups()` over UserInfo for each request', faster('userInfo'), { atLeast: 3.5 }),
        row('`@AllowedGroups()` over `express-oauth2-jwt-bearer`', faster('expressOAuth2'), { atLeast: 1 }),
        row('`@AllowedGroups()` over `requireBearerAuth` and `jose`', faster('mcpSdk'), { atLeast: 1 }),
        row('`@AllowedGroups()` over Passport and `jose`', faster('passport'), { atLeast: 1 }),
      ],
    };
  } finally {
    server.stop();
    await authentik.stop();
  }
}
