import 'reflect-metadata';

import { Logger } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import helmet from 'helmet';
import { connectMcp } from 'nestjs-authentik/mcp';

import { AppModule } from './app.module.js';
import { greeting } from './greeting.js';
import { serveViews } from './pages/views.js';
import { portFromEnv } from './port.js';
import { MCP_PATH, SampleAddresses } from './sample-addresses.js';
import { startFailure } from './start-failure.js';

try {
  const port = portFromEnv();
  // Nest's logs wait until the app stands, so that a failed start says what is wrong and nothing else.
  const app = await NestFactory.create<NestExpressApplication>(AppModule, {
    abortOnError: false,
    bufferLogs: true,
    autoFlushLogs: false,
    logger: ['warn'],
  });
  // Browsers that heed upgrade-insecure-requests would turn the links of the start page into https.
  app.use(helmet({ contentSecurityPolicy: { directives: { upgradeInsecureRequests: null } } }));
  serveViews(app);
  app.enableShutdownHooks([], { useProcessExit: true });

  await connectMcp(app, {
    path: MCP_PATH,
    name: 'authentik-sample',
    title: 'Authentik sample',
    version: '0.1.0',
    instructions: 'A sample. Every user sees the tools, resources and prompts that their Authentik groups admit.',
  });
  await app.init();
  // A taken port is said below, in one sentence; Nest would add its own.
  app.useLogger(['fatal']);
  await app.listen(port);
  app.useLogger(['warn']);
  app.flushLogs();
  app.useLogger(['log']);
  process.stdout.write(greeting(app.get(SampleAddresses)));
} catch (error) {
  const message = startFailure(error);
  if (message === undefined) {
    Logger.flush();
    throw error;
  }
  process.stderr.write(`${message}\n`);
  // Not by process.exitCode alone: an app that stands half may keep the process alive.
  process.exit(1);
}
