// An app in a process of its own that refreshes what it is told to. It runs the built library, as a user's app does.
import 'reflect-metadata';

import process from 'node:process';

import { NestFactory } from '@nestjs/core';
import { authentikConfigFromEnv, AuthentikModule, AuthentikTokenService } from 'nestjs-authentik';

class AppModule {}
Reflect.defineMetadata('imports', [AuthentikModule.forRoot(authentikConfigFromEnv())], AppModule);

const app = await NestFactory.create(AppModule, { logger: ['error', 'warn'] });
await app.init();
const tokens = app.get(AuthentikTokenService);
process.on('message', (refreshToken) => {
  tokens.refreshToken(refreshToken).then(
    (granted) => process.send({ granted }),
    ({ name, reason, isGrantEnded }) => process.send({ failure: { name, reason, isGrantEnded } }),
  );
});
process.on('disconnect', () => void app.close());
process.send('ready');
