import { Controller, Get, type INestApplication, type LoggerService, Post, Req, type Type } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import {
  AcceptedCredentials,
  AllowedGroups,
  Authenticated,
  AuthentikModule,
  type AuthentikModuleExtras,
  type AuthentikOptions,
  type AuthentikUser,
  CurrentUser,
  OptionalAuth,
} from 'nestjs-authentik';
import type { EmbeddedAuthentik } from 'nestjs-authentik-testing';

import { freePort } from '../harness/free-port.js';
import { firstContact } from '../harness/first-contact.js';

export const secret = 'a-secret-of-the-tests-that-nobody-guesses';

@Controller('page')
export class PageController {
  @Get('me')
  @Authenticated()
  me(@CurrentUser() user: AuthentikUser) {
    return { id: user.id, username: user.username, groups: user.groups, credential: user.credential };
  }

  @Get('engineering')
  @AllowedGroups('engineering')
  engineering() {
    return { for: 'engineering' };
  }

  @Get('program')
  @AcceptedCredentials('bearer')
  program() {
    return { for: 'programs' };
  }

  @Get('browser')
  @AcceptedCredentials('session')
  browser() {
    return { for: 'browsers' };
  }

  @Get('maybe')
  @OptionalAuth()
  maybe(@CurrentUser() user: AuthentikUser | undefined) {
    return { username: user?.username ?? null };
  }

  @Get('open')
  open() {
    return { open: true };
  }

  @Post('count')
  @Authenticated()
  count(@Req() request: { session: { count?: number } }) {
    request.session.count = (request.session.count ?? 0) + 1;
    return { count: request.session.count };
  }

  /** Writes to the session long after it was read. */
  @Post('slow')
  @Authenticated()
  async slow(@Req() request: { session: { count?: number } }) {
    await new Promise((resolve) => setTimeout(resolve, 400));
    request.session.count = 1;
    return { slow: true };
  }
}

export interface SessionAppShape {
  readonly options?: Partial<AuthentikOptions>;
  readonly extras?: AuthentikModuleExtras;
  readonly controllers?: Type[];
  readonly logger?: LoggerService;
  readonly configure?: (app: INestApplication) => void;
  /** Default: the port that it listens on. */
  readonly publicUrl?: string;
}

/** An app with browser sessions that really listens. */
export interface SessionApp {
  readonly url: string;
  readonly app: INestApplication;
  readonly stop: () => Promise<void>;
}

export async function startSessionApp(authentik: EmbeddedAuthentik, shape: SessionAppShape = {}): Promise<SessionApp> {
  const port = await freePort();
  const url = `http://localhost:${port}`;
  const testing = await Test.createTestingModule({
    imports: [
      AuthentikModule.forRoot({
        url: authentik.url,
        applicationSlug: authentik.applications[0]?.slug ?? '',
        clientId: authentik.applications[0]?.clientId ?? '',
        publicUrl: shape.publicUrl ?? url,
        ...shape.options,
        session: Object.assign({ secrets: [secret] }, shape.options?.session),
        features: ['bearer', 'session', 'wellKnown'],
        ...shape.extras,
      }),
    ],
    controllers: shape.controllers ?? [PageController],
  }).compile();
  const app = testing.createNestApplication({ logger: shape.logger ?? false });
  shape.configure?.(app);
  await app.listen(port);
  await firstContact(app);
  return { url, app, stop: () => app.close() };
}
