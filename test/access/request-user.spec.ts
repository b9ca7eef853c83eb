import { type CanActivate, Controller, type ExecutionContext, Get, Injectable, Req, UseGuards } from '@nestjs/common';
import type { INestApplication } from '@nestjs/common';
import express from 'express';
import { Authenticated, AuthentikTokenService, OptionalAuth } from 'nestjs-authentik';
import { type EmbeddedAuthentik, startEmbeddedAuthentik } from 'nestjs-authentik-testing';
import request from 'supertest';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import { startRestApp } from '../harness/rest-app.js';

interface WithUser {
  user?: { username?: string };
}

const nameOf = ({ user }: WithUser) => ({ username: user?.username ?? null });

@Injectable()
class LaterGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    context.switchToHttp().getRequest<WithUser>().user = { username: 'impersonated' };
    return true;
  }
}

@Controller()
class UserController {
  @Get('signed-in') @Authenticated() signedIn(@Req() of: WithUser) {
    return nameOf(of);
  }
  @Get('perhaps') @OptionalAuth() perhaps(@Req() of: WithUser) {
    return nameOf(of);
  }
  @Get('later') @UseGuards(LaterGuard) @Authenticated() later(@Req() of: WithUser) {
    return nameOf(of);
  }
}

let authentik: EmbeddedAuthentik;
let app: INestApplication;

beforeAll(async () => {
  authentik = await startEmbeddedAuthentik();
});
afterAll(() => authentik.stop());
afterEach(() => app.close());

const asks = async (path: string, who?: string) =>
  ((
    await request(app.getHttpServer())
      .get(path)
      .set(who === undefined ? {} : await authentik.bearer(who))
  ).body ?? {}) as unknown;

describe('request.user', () => {
  it('is who was authenticated, each on their own request', async () => {
    app = await startRestApp(authentik.url, { controllers: [UserController] });
    const people = ['alice', 'bob', 'root', 'alice'];
    expect(await Promise.all(people.map((who) => asks('/signed-in', who)))).toEqual(
      people.map((username) => ({ username })),
    );
    expect(await asks('/perhaps')).toEqual({ username: null });
  });

  it('is not what somebody wrote before, whoever was authenticated or nobody', async () => {
    app = await startRestApp(authentik.url, {
      controllers: [UserController],
      configure: (configured) => {
        configured.use((of: WithUser, _response: unknown, next: () => void) => {
          of.user = { username: 'root' };
          next();
        });
      },
    });
    expect(await asks('/signed-in', 'alice')).toEqual({ username: 'alice' });
    expect(await asks('/perhaps')).toEqual({ username: null });
  });

  it('is what somebody writes afterwards', async () => {
    app = await startRestApp(authentik.url, { controllers: [UserController] });
    expect(await asks('/later', 'alice')).toEqual({ username: 'impersonated' });
  });

  it('is there in an app of Express that is mounted in this one, and in one that has nothing to do with it', async () => {
    const mounted = express().get('/', (of, response) => {
      response.json(nameOf(of as WithUser));
    });
    const authenticate = async (of: express.Request, response: express.Response, next: express.NextFunction) => {
      await app.get(AuthentikTokenService).authenticate(of);
      next();
    };
    app = await startRestApp(authentik.url, {
      controllers: [UserController],
      configure: (configured) => {
        configured.use('/mounted', authenticate, mounted);
      },
    });
    expect(await asks('/mounted', 'alice')).toEqual({ username: 'alice' });

    const alone = express().get('/', authenticate, (of, response) => {
      response.json(nameOf(of as WithUser));
    });
    const { body } = await request(alone)
      .get('/')
      .set(await authentik.bearer('bob'));
    expect(body).toEqual({ username: 'bob' });
  });
});
