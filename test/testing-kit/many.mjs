// Starts a hundred embedded Authentiks side by side, uses them, stops them, and must then end by itself: nothing here
// calls exit. What is left at the end is printed.
import process from 'node:process';

import { startEmbeddedAuthentik } from 'nestjs-authentik-testing';

const all = await Promise.all(
  Array.from({ length: 100 }, (_, index) =>
    startEmbeddedAuthentik({ applications: [{ slug: `app-${index}`, signing: 'ES256' }] }),
  ),
);
const issuers = await Promise.all(
  all.map(async (authentik) => {
    const token = await authentik.mintAccessToken({ user: 'alice' });
    const headers = { authorization: `Bearer ${token}` };
    const own = await fetch(`${authentik.url}/application/o/userinfo/`, { headers });
    const next = all[(all.indexOf(authentik) + 1) % all.length];
    const foreign = await fetch(`${next.url}/application/o/userinfo/`, { headers });
    await own.arrayBuffer();
    await foreign.arrayBuffer();
    return { issuer: authentik.issuer(), statuses: [own.status, foreign.status] };
  }),
);
// One that is slow and one that is down, when they are told to stop.
await all[0].fault('slow', { delayMs: 60_000 });
await all[1].fault('down');
const waiting = fetch(`${all[0].url}/-/health/live/`).then(
  () => 'answered',
  () => 'cut off',
);
while (all[0].requests.at(-1)?.path !== '/-/health/live/') await new Promise((resolve) => setImmediate(resolve));
await Promise.all(all.map((authentik) => authentik.stop()));
await all[0].stop();
await waiting;
const refused = await Promise.all(
  all.map(({ url }) =>
    fetch(url).then(
      () => 'open',
      () => 'closed',
    ),
  ),
);
// What is closing has some turns to be closed in.
const stillThere = () =>
  process.getActiveResourcesInfo().filter((kind) => !/^(?:PipeWrap|TTYWrap|Immediate)$/.test(kind));
for (let turn = 0; turn < 1000 && stillThere().length > 0; turn += 1) {
  await new Promise((resolve) => setImmediate(resolve));
}
process.stdout.write(
  JSON.stringify({
    distinct: new Set(issuers.map(({ issuer }) => issuer)).size,
    statuses: [...new Set(issuers.map(({ statuses }) => statuses.join()))],
    ports: [...new Set(refused)],
    left: stillThere(),
  }),
);
