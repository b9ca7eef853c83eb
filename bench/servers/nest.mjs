import { Controller, Get, Module, UseGuards } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { AuthGuard } from '@nestjs/passport';
import { AllowedGroups, Authenticated, AuthentikModule } from 'nestjs-authentik';

import { benchGroup } from '../common/bench-group.mjs';
import { shuffled } from '../common/statistics.mjs';
import { pathsOf } from '../common/targets.mjs';
import { timeRequests } from './time-requests.mjs';
import { decorate } from './decorate.mjs';
import { createPeerGuards, NothingGuard } from './nest-guards.mjs';

/**
 * Two routes for each way to guard it; see `pathsOf()`.
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
    map: [UseGuards(peers.MapGuard)],
    jose: [UseGuards(peers.JoseGuard)],
    passport: [UseGuards(AuthGuard('bench'))],
    expressOAuth2: [UseGuards(peers.ExpressOAuth2Guard)],
    mcpSdk: [UseGuards(peers.McpSdkGuard)],
    userInfo: [UseGuards(peers.UserInfoGuard)],
  };

  class BenchController {}
  const decorators = {};
  const guarded = Object.keys(routes).filter((name) => only?.includes(name) !== false);
  const names = shuffled(guarded.length).map((index) => guarded[index]);
  const places = [
    ...names.map((name) => [name, pathsOf(name)[0]]),
    ...names.toReversed().map((name) => [name, pathsOf(name)[1]]),
  ];
  for (const [name, path] of places) {
    // A function of its own each, for that is what Nest and V8 look at.
    const handler = path.slice(1);
    BenchController.prototype[handler] = { [handler]: () => ({ hello: 'world' }) }[handler];
    decorators[handler] = [Get(path), ...routes[name]];
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
