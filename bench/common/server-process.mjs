import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const child = fileURLToPath(new URL('../servers/child.mjs', import.meta.url));

/** A port that is free now: an MCP server must know its own URL before it listens. */
async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

/**
 * Starts a server in a process of its own, so that what makes the load does not count.
 * @param name file in `servers/`, which exports `start(options)`; what that returns are questions it answers
 * @param options as JSON; `port` is added
 */
export async function startServer(name, options, execArgv = []) {
  const port = await freePort();
  const server = fork(child, [name, JSON.stringify({ ...options, port })], {
    env: { ...process.env, NODE_ENV: 'production' },
    execArgv,
  });
  const ended = once(server, 'exit').then(([code]) => {
    throw new Error(`The server ${name} ended with ${code}.`);
  });
  // Once it is stopped, nobody waits for an answer any more.
  ended.catch(() => undefined);
  const nextMessage = async () => (await Promise.race([once(server, 'message'), ended]))[0];
  const ask = async (question, parameter) => {
    const answer = nextMessage();
    server.send({ question, parameter });
    return (await answer).answer;
  };
  await nextMessage();
  return {
    origin: `http://127.0.0.1:${port}`,
    ask,
    /** CPU time that it has used so far. */
    cpuMicroseconds: () => ask('cpu'),
    stop: () => server.kill(),
  };
}
