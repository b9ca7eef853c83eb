import type { INestApplication, LoggerService, ModuleMetadata, Type } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { AuthentikModule, type AuthentikModuleExtras, type AuthentikOptions } from 'nestjs-authentik';

import { firstContact } from './first-contact.js';

export interface RestAppShape {
  readonly controllers: Type[];
  readonly options?: Partial<AuthentikOptions>;
  readonly extras?: AuthentikModuleExtras;
  readonly providers?: ModuleMetadata['providers'];
  /** Default: nothing is logged. */
  readonly logger?: LoggerService;
  readonly configure?: (app: INestApplication) => void;
}

/** An app of its own for a test, before an Authentik that may be down. Give it to supertest. */
export async function startRestApp(url: string, shape: RestAppShape): Promise<INestApplication> {
  const app = await createRestApp(url, shape);
  await firstContact(app);
  return app;
}

/** The same, which has only begun to ask Authentik. */
export async function createRestApp(url: string, shape: RestAppShape): Promise<INestApplication> {
  const testing = await Test.createTestingModule({
    imports: [
      AuthentikModule.forRoot({
        url,
        applicationSlug: 'mcp-server',
        clientId: 'mcp-server',
        publicUrl: 'http://localhost:3000',
        ...shape.options,
        ...shape.extras,
      }),
    ],
    controllers: shape.controllers,
    providers: shape.providers ?? [],
  }).compile();
  const app = testing.createNestApplication({ logger: shape.logger ?? false });
  shape.configure?.(app);
  await app.init();
  return app;
}
