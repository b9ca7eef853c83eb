import { Controller, Get, type INestApplication, type LoggerService } from '@nestjs/common';
import { Authenticated, type AuthentikOptions, type AuthentikUser, CurrentUser } from 'nestjs-authentik';
import request from 'supertest';

import { startRestApp } from '../harness/rest-app.js';

@Controller()
class Handlers {
  @Get('me') @Authenticated() me(@CurrentUser() { username }: AuthentikUser) {
    return { username };
  }
}

export const publicUrl = 'http://localhost:3000';

/** An app that browsers sign in to. */
export function startBrowserApp(
  url: string,
  { session = {}, ...options }: Partial<AuthentikOptions> = {},
  logger?: LoggerService,
  configure?: (app: INestApplication) => unknown,
): Promise<INestApplication> {
  return startRestApp(url, {
    controllers: [Handlers],
    options: {
      publicUrl,
      ...options,
      session: Object.assign({ secrets: ['a secret of more than 32 characters'] }, session),
    },
    extras: { features: ['bearer', 'session', 'wellKnown'] },
    ...(logger && { logger }),
    ...(configure && { configure: (app: INestApplication) => void configure(app) }),
  });
}

/** Posts a logout token as Authentik does. */
export const postLogoutToken = (app: INestApplication, logoutToken: string) =>
  request(app.getHttpServer()).post('/auth/backchannel-logout').type('form').send({ logout_token: logoutToken });
