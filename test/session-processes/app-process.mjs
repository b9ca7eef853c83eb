// A small app in a process of its own. It runs the built library, as a user's app does.
import 'reflect-metadata';

import process from 'node:process';

import { Controller, Get } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Authenticated, authentikConfigFromEnv, AuthentikModule } from 'nestjs-authentik';

class Handlers {
  me() {
    return { pid: process.pid };
  }
}
Controller()(Handlers);
const descriptor = Object.getOwnPropertyDescriptor(Handlers.prototype, 'me');
Get('me')(Handlers.prototype, 'me', descriptor);
Authenticated()(Handlers.prototype, 'me', descriptor);

class AppModule {}
Reflect.defineMetadata(
  'imports',
  [AuthentikModule.forRoot(Object.assign(authentikConfigFromEnv(), { features: ['bearer', 'session', 'wellKnown'] }))],
  AppModule,
);
Reflect.defineMetadata('controllers', [Handlers], AppModule);

const app = await NestFactory.create(AppModule, { logger: ['error', 'warn'] });
app.enableShutdownHooks();
await app.listen(Number(process.env.PORT), '127.0.0.1');
process.stdout.write('ready\n');
