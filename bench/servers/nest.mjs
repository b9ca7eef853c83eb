import { Controller, Get, Module, UnauthorizedException, UseGuards } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { AuthGuard, PassportStrategy } from '@nestjs/passport';
import { AllowedGroups, AuthentikModule } from 'nestjs-authentik';
import { Strategy } from 'passport-http-bearer';

import { createVerifier } from './by-hand.mjs';
import { decorate } from './decorate.mjs';

const hello = () => ({ hello: 'world' });

/** One route for each way to guard it. */
export async function start({ port, ...options }) {
  const verify = createVerifier(options);

  class NothingGuard {
    canActivate() {
      return true;
    }
  }
  class JoseGuard {
    async canActivate(context) {
      const request = context.switchToHttp().getRequest();
      request.user = await verify(request.headers.authorization);
      if (request.user === undefined) throw new UnauthorizedException();
      return true;
    }
  }
  class BenchStrategy extends PassportStrategy(Strategy, 'bench', 1) {
    async validate(token) {
      return (await verify(`Bearer ${token}`)) ?? false;
    }
  }

  class BenchController {
    open() {
      return hello();
    }
    nothing() {
      return hello();
    }
    groups() {
      return hello();
    }
    jose() {
      return hello();
    }
    passport() {
      return hello();
    }
  }
  decorate(BenchController, [Controller()], {
    open: [Get('open')],
    nothing: [Get('nothing'), UseGuards(NothingGuard)],
    groups: [Get('groups'), AllowedGroups('engineering')],
    jose: [Get('jose'), UseGuards(JoseGuard)],
    passport: [Get('passport'), UseGuards(AuthGuard('bench'))],
  });

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
}
