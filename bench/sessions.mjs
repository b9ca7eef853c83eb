// What browser sessions cost, beside express-session and connect-redis alone.
import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

import autocannon from 'autocannon';
import { startEmbeddedAuthentik } from 'nestjs-authentik-testing';

import { count, kilobytes, milliseconds, row } from './common/row.mjs';

const rounds = Number(process.env.BENCH_ROUNDS ?? 9);
const connections = 16;
const sessionsInMemory = 5_000;
const sessionsToEnd = 1_000;
const server = fileURLToPath(new URL('servers/sessions.mjs', import.meta.url));

async function freePort() {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address();
  probe.close();
  await once(probe, 'close');
  return port;
}

async function startRedis() {
  const port = await freePort();
  const child = spawn('redis-server', ['--port', String(port), '--save', '', '--appendonly', 'no']);
  for await (const text of child.stdout) if (String(text).includes('Ready to accept connections')) break;
  child.stdout.resume();
  return { url: `redis://127.0.0.1:${port}`, stop: () => child.kill('SIGKILL') };
}

async function start(kind, options, execArgv = []) {
  const port = await freePort();
  const child = fork(server, [kind, JSON.stringify({ ...options, port })], {
    env: { ...process.env, NODE_ENV: 'production' },
    execArgv,
  });
  const ask = async (question, parameter) => {
    child.send({ question, parameter });
    return (await once(child, 'message'))[0];
  };
  await once(child, 'message');
  return { url: `http://localhost:${port}`, ask, stop: () => child.kill() };
}

/** Signs in as a browser without JavaScript does. */
async function signIn({ url, password }, at) {
  const jars = new Map();
  let next = new URL(at);
  let init = {};
  for (let step = 0; step < 12; step += 1) {
    const jar = jars.get(next.origin) ?? new Map();
    jars.set(next.origin, jar);
    const cookie = [...jar].map((pair) => pair.join('=')).join('; ');
    const response = await fetch(next, { ...init, redirect: 'manual', headers: { cookie } });
    for (const line of response.headers.getSetCookie()) jar.set(...line.split(';')[0].split(/=(.*)/su));
    await response.arrayBuffer();
    const location = response.headers.get('location');
    if (location === null && next.origin !== new URL(url).origin) return cookieOf(jar);
    init = location === null ? { method: 'POST', body: new URLSearchParams({ uid_field: 'alice', password }) } : {};
    next = new URL(location ?? next, next);
    if (next.origin === new URL(at).origin && next.pathname === '/') return cookieOf(jar);
  }
  throw new Error(`The sign-in ended at ${next.pathname}.`);
}

const cookieOf = (jar) => [...jar].map((pair) => pair.join('=')).join('; ');

/** CPU of the server for one request, in microseconds. */
async function shoot({ url, ask }, cookie, seconds) {
  const before = await ask('cpu');
  const result = await autocannon({ url: `${url}/me`, connections, duration: seconds, headers: { cookie } });
  if (result.non2xx > 0 || result.errors > 0) throw new Error(`${url}: ${result.non2xx} answers that are not 2xx.`);
  return { cpu: ((await ask('cpu')) - before) / result['2xx'], perRequest: 1 / result['2xx'] };
}

async function measureRequests(authentik) {
  const redis = await startRedis();
  const servers = await Promise.all(
    ['own', 'bare'].map((kind) => start(kind, { url: authentik.url, redisUrl: redis.url })),
  );
  const [own, bare] = servers;
  try {
    const cookies = [
      await signIn(authentik, `${own.url}/auth/login?returnTo=%2F`),
      (await fetch(`${bare.url}/login`)).headers.getSetCookie()[0].split(';')[0],
    ];
    for (const [at, each] of servers.entries()) await shoot(each, cookies[at], 2);
    const found = { cpu: [], time: [] };
    for (let round = 0; round < rounds; round += 1) {
      const results = [];
      for (const at of round % 2 === 0 ? [0, 1] : [1, 0]) results[at] = await shoot(servers[at], cookies[at], 1);
      found.cpu.push(results[0].cpu / results[1].cpu);
      found.time.push(results[0].perRequest / results[1].perRequest);
    }
    return found;
  } finally {
    for (const each of servers) each.stop();
    redis.stop();
  }
}

async function measureMemory(options, tokens) {
  const values = [];
  for (let sample = 0; sample < 3; sample += 1) {
    const each = await start('memory', options, ['--expose-gc']);
    values.push(await each.ask('bytes', { sessions: sessionsInMemory, tokens }));
    each.stop();
  }
  return values;
}

/** What a session costs: a request, the memory, and its end. */
export async function measureSessions() {
  const authentik = await startEmbeddedAuthentik();
  const options = { url: authentik.url };
  try {
    const { cpu, time } = await measureRequests(authentik);
    const accessToken = await authentik.mintAccessToken({ user: 'alice' });
    // An ID token is an access token with a nonce and without three claims: about as long.
    const idToken = accessToken;
    const all = { idToken, accessToken, refreshToken: 'r'.repeat(128), accessTokenExpiresAt: 2_000_000_000 };
    const ending = await start('ending', options);
    const { reads, milliseconds: took } = await ending.ask('end', { sessions: sessionsToEnd });
    ending.stop();
    return {
      title: 'Browser sessions',
      note:
        `A handler of Nest that asks for a session, in Redis, beside one behind express-session and connect-redis with the ` +
        `same data; compared within each of ${rounds} rounds of 1 s, ${connections} connections. Memory is the heap of ` +
        `${sessionsInMemory} sessions of people in 2 groups, indexes included, a process of its own for each sample.`,
      rows: [
        row('CPU of a session request, of express-session and connect-redis', cpu, { atMost: 1.15 }),
        row('time of a session request, of the same', time, { atMost: 1.15 }),
        row('memory of a session without tokens', await measureMemory(options), { format: kilobytes, atMost: 1500 }),
        row('memory with the ID token sealed', await measureMemory(options, { idToken }), { format: kilobytes }),
        row('memory with all three sealed', await measureMemory(options, all), { format: kilobytes, atMost: 7000 }),
        row(`index reads that end ${sessionsToEnd} sessions of one person`, [reads], { format: count, atMost: 1 }),
        row('time that it takes, in memory', [took], { format: milliseconds }),
      ],
    };
  } finally {
    await authentik.stop();
  }
}
