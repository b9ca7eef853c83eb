// Prints by how many megabytes a process has grown after 5,000 logins: while all are alive, and when they have expired.
import process from 'node:process';

import { startEmbeddedAuthentik } from 'nestjs-authentik-testing';

import { logIn, testApplication } from './log-in.mjs';

const used = () => {
  globalThis.gc();
  globalThis.gc();
  const { heapUsed, external } = process.memoryUsage();
  return (heapUsed + external) / 1e6;
};

const authentik = await startEmbeddedAuthentik(testApplication);
// The code that runs is compiled, and the log of requests is full, before anything is counted.
for (let login = 0; login < 2500; login += 1) await logIn(authentik);
authentik.clock.advanceSeconds(60 * 24 * 3600);
for (let login = 0; login < 100; login += 1) await logIn(authentik);
const before = used();
for (let login = 0; login < 5000; login += 1) await logIn(authentik);
const alive = used() - before;
// Longer than a refresh token lives.
authentik.clock.advanceSeconds(60 * 24 * 3600);
for (let login = 0; login < 100; login += 1) await logIn(authentik);
const expired = used() - before;
console.log(JSON.stringify({ alive, expired }));
await authentik.stop();
