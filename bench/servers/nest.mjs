import { Controller, Get, Module, UseGuards } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { AuthGuard } from '@nestjs/passport';
import { AllowedGroups, Authenticated, AuthentikModule } from 'nestjs-authentik';

import { benchGroup } from '../common/bench-group.mjs';
import { shuffled } from '../common/statistics.mjs';
import { timeRequests } from './time-requests.mjs';
import { decorate } from './decorate.mjs';
import { createPeerGuards, NothingGuard } from './nest-guards.mjs';

/**
 * One route for each way to guard it.
 * @param options.only names of the routes that there are; default all
 */
export async function start({ port, only, ...options }) {
  const { BenchStrategy, ...peers } = await createPeerGuards(options);
  const routes = {
    open: [],
    openAgain: [],
    nothing: [UseGuards(NothingGuard)],
    authenticated: [Authenticated()],
    groups: [AllowedGroups(benchGroup)],
    jose: [UseGuards(peers.JoseGuard)],
    passport: [UseGuards(AuthGuard('bench'))],
    expressOAuth2: [UseGuards(peers.ExpressOAuth2Guard)],
    mcpSdk: [UseGuards(peers.McpSdkGuard)],
    userInfo: [UseGuards(peers.UserInfoGuard)],
  };

  class BenchController {}
  const decorators = {};
  const entries = Object.entries(routes).filter(([name]) => only?.includes(name) !== false);
  // By chance, for Express tries one route after the other.
  for (const index of shuffled(entries.length)) {
    const [name, guards] = entries[index];
    // A function of its own each, for that is what Nest and V8 look at.
    BenchController.prototype[name] = { [name]: () => ({ hello: 'world' }) }[name];
    decorators[name] = [Get(name), ...guards];
  }
  decorate(BenchController, [Controller()], decorators);

  class BenchModule {}
  decorate(BenchModule, [
    Module({
      imports: [AuthentikModule.forRoot({ ...options, publicUrl: `http://127.0.0.1:${port}`, logLevel: 'error' })],
      controllers: [BenchController],
      providers: [BenchStrategy],
    }),
  ]);
  const app = await NestFactory.create(BenchModule, { logger: ['error'] });
  await app.listen(port, '127.0.0.1');
  return timeRequests(app.getHttpServer());
}
