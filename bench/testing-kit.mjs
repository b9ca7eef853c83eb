import { execFile } from 'node:child_process';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { startEmbeddedAuthentik } from 'nestjs-authentik-testing';

import { milliseconds, row } from './common/row.mjs';
import { logIn, testApplication } from './servers/log-in.mjs';

const run = promisify(execFile);
const rounds = 15;
const inRound = 40;

const twoPlaces = (value) => `${value.toFixed(2)} ms`;
const megabytes = (value) => `${value.toFixed(1)} MB`;

/** @returns for each round what one of its calls took on the average, in milliseconds */
async function time(call) {
  for (let warmUp = 0; warmUp < inRound; warmUp += 1) await call();
  const found = [];
  for (let round = 0; round < rounds; round += 1) {
    const begun = performance.now();
    for (let turn = 0; turn < inRound; turn += 1) await call();
    found.push((performance.now() - begun) / inRound);
  }
  return found;
}

async function timeStarts() {
  const found = [];
  for (let round = 0; round < rounds; round += 1) {
    const begun = performance.now();
    const authentik = await startEmbeddedAuthentik();
    found.push(performance.now() - begun);
    await authentik.stop();
  }
  return found;
}

/** In a process of its own, so that nothing else's garbage is counted. */
async function measureMemory() {
  const file = fileURLToPath(new URL('servers/logins-memory.mjs', import.meta.url));
  const { stdout } = await run(process.execPath, ['--expose-gc', file]);
  return JSON.parse(stdout);
}

/** What the embedded Authentik costs a test suite. */
export async function measureTestingKit() {
  const starts = await timeStarts();
  const authentik = await startEmbeddedAuthentik(testApplication);
  try {
    const minting = await time(() => authentik.mintAccessToken({ user: 'alice' }));
    const logins = await time(() => logIn(authentik));
    const memory = await measureMemory();
    return {
      title: 'The embedded Authentik',
      note: 'RS256. A login is an authorization request with PKCE, the sign-in form, and the code redeemed, over HTTP.',
      rows: [
        row('start', starts, { format: milliseconds, atMost: 300 }),
        row('mint an access token', minting, { format: twoPlaces, atMost: 1 }),
        row('a login', logins, { format: twoPlaces, atMost: 15 }),
        row('memory after 5,000 logins, all of them alive', [memory.alive], { format: megabytes, atMost: 30 }),
        row('memory once they have expired', [memory.expired], { format: megabytes, atMost: 30 }),
      ],
    };
  } finally {
    await authentik.stop();
  }
}
