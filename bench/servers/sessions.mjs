// A server with browser sessions, in a process of its own: `own` with this library, `bare` with express-session and
// connect-redis and nothing else. Answers `cpu`, and for `memory` and `ending` what is asked there.
import process from 'node:process';

import 'reflect-metadata';
import { Controller, Get, Module, Req, UnauthorizedException, UseGuards } from '@nestjs/common';
import { ModulesContainer, NestFactory } from '@nestjs/core';
import { RedisStore } from 'connect-redis';
import session from 'express-session';
import { Authenticated, AuthentikModule } from 'nestjs-authentik';
import { createClient } from 'redis';

import { decorate } from './decorate.mjs';

const secret = 'secret-of-the-bench-0123456789-abcdef';
const [, , kind, json] = process.argv;
const { port, redisUrl, url } = JSON.parse(json);

const options = {
  url,
  applicationSlug: 'mcp-server',
  clientId: 'mcp-server',
  publicUrl: `http://localhost:${port}`,
  logLevel: 'error',
  session: { secrets: [secret], maxLoginsPerMinute: 1_000_000, maxCallbacksPerMinute: 1_000_000 },
  features: ['bearer', 'session'],
};

/** What is in a session of somebody with two groups. */
const record = (sub, sid) => ({
  claims: {
    iss: `${url}/application/o/mcp-server/`,
    sub,
    aud: 'mcp-server',
    exp: 2_000_000_000,
    iat: 1_900_000_000,
    auth_time: 1_900_000_000,
    acr: 'goauthentik.io/providers/oauth2/default',
    amr: ['pwd'],
    sid,
    jti: 'j'.repeat(40),
    email: 'alice@example.test',
    email_verified: false,
    name: 'Alice Archer',
    given_name: 'Alice Archer',
    preferred_username: 'alice',
    nickname: 'alice',
    groups: ['engineering', 'mcp-users'],
  },
  scope: 'email openid profile',
  signedInAt: Math.floor(Date.now() / 1000),
});

class PageController {
  me(request) {
    return { username: (request.user ?? request.session.user).claims.preferred_username };
  }
}
class SessionGuard {
  canActivate(context) {
    if (context.switchToHttp().getRequest().session?.user === undefined) throw new UnauthorizedException();
    return true;
  }
}
class AppModule {}

async function own() {
  decorate(PageController, [Controller()], { me: [Get('me'), Authenticated()] });
  Req()(PageController.prototype, 'me', 0);
  const authentik = AuthentikModule.forRoot({ ...options, redis: { url: redisUrl } });
  decorate(AppModule, [Module({ imports: [authentik], controllers: [PageController] })]);
  const app = await NestFactory.create(AppModule, { logger: ['error'] });
  await app.listen(port);
  return {};
}

async function bare() {
  decorate(PageController, [Controller()], { me: [Get('me'), UseGuards(SessionGuard)] });
  Req()(PageController.prototype, 'me', 0);
  decorate(AppModule, [Module({ controllers: [PageController] })]);
  const app = await NestFactory.create(AppModule, { logger: ['error'] });
  const client = createClient({ url: redisUrl });
  await client.connect();
  app.use(session({ secret, resave: false, saveUninitialized: false, store: new RedisStore({ client }) }));
  app.use('/login', (request, response) => {
    request.session.user = record('s'.repeat(64), 'i'.repeat(64));
    response.end();
  });
  await app.listen(port);
  return {};
}

/** What the library keeps to itself, found by the name of its class or symbol. */
function providerOf(app, name) {
  for (const { providers } of app.get(ModulesContainer).values()) {
    for (const [token, { instance }] of providers) if ((token.name ?? token.description) === name) return instance;
  }
  throw new Error(`The library has no ${name}.`);
}

/** Sessions in memory, without a server around them. */
async function stored() {
  decorate(AppModule, [Module({ imports: [AuthentikModule.forRoot(options)] })]);
  const app = await NestFactory.createApplicationContext(AppModule, { logger: ['error'] });
  const [values, registry, store, vault] = ['AUTHENTIK_STORE', 'SessionRegistry', 'SessionStore', 'TokenVault'].map(
    (name) => providerOf(app, name),
  );
  store.open(session.Store);
  const begin = async (sid, sub, tokens) => {
    const kept = record(sub, `sid-of-${sid}`.padEnd(64, '0'));
    await registry.add(sid, kept);
    if (tokens !== undefined) await vault.write(sid, tokens, kept.signedInAt);
    // As the middleware sets it for this address, in the order of express-session.
    const { secure, httpOnly, path, sameSite } = store.cookie;
    const cookie = { originalMaxAge: null, expires: null, secure, httpOnly, path, sameSite };
    await store.set(sid, { cookie, authentik: kept });
  };
  return { values, registry, begin };
}

function heap() {
  globalThis.gc();
  globalThis.gc();
  return process.memoryUsage().heapUsed;
}

async function memory() {
  const { begin } = await stored();
  return {
    /** @returns bytes a session */
    bytes: async ({ sessions, tokens }) => {
      await begin('warm', 'warm', tokens);
      const before = heap();
      for (let at = 0; at < sessions; at += 1) {
        await begin(`${at}`.padStart(32, 's'), `${at}`.padStart(64, 'p'), tokens);
      }
      return (heap() - before) / sessions;
    },
  };
}

async function ending() {
  const { values, registry, begin } = await stored();
  return {
    /** @returns reads of an index, and milliseconds, to end the sessions of one person among those of others */
    end: async ({ sessions }) => {
      for (let at = 0; at < sessions; at += 1) await begin(`mine-${at}`, 'mine');
      for (let at = 0; at < sessions; at += 1) await begin(`theirs-${at}`, `theirs-${at}`);
      let reads = 0;
      const { readIndex } = values;
      values.readIndex = (key) => {
        reads += 1;
        return readIndex.call(values, key);
      };
      const began = performance.now();
      const ended = await registry.endBySubject({ issuer: `${url}/application/o/mcp-server/`, subject: 'mine' });
      if (ended.length !== sessions) throw new Error(`${ended.length} of ${sessions} sessions ended.`);
      return { reads, milliseconds: performance.now() - began };
    },
  };
}

const kinds = { own, bare, memory, ending };
const answers = {
  cpu: () => {
    const { user, system } = process.cpuUsage();
    return user + system;
  },
  ...(await kinds[kind]()),
};
process.on('message', ({ question, parameter }) => {
  Promise.resolve(answers[question](parameter)).then(
    (answer) => process.send(answer),
    (error) => process.emitWarning(error),
  );
});
process.send('ready');
