import {
  type CanActivate,
  Controller,
  type ExecutionContext,
  Get,
  type INestApplication,
  Injectable,
  Query,
  Sse,
  UseGuards,
} from '@nestjs/common';
import {
  AllowedGroups,
  Authenticated,
  AuthentikAuthGuard,
  AuthentikTokenService,
  type AuthentikUser,
  CurrentUser,
  GroupsGuard,
  Public,
  TokenVerificationError,
} from 'nestjs-authentik';
import { type EmbeddedAuthentik, startEmbeddedAuthentik } from 'nestjs-authentik-testing';
import { of } from 'rxjs';
import request from 'supertest';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import { startRestApp } from '../harness/rest-app.js';

let authentik: EmbeddedAuthentik;
let app: INestApplication | undefined;

beforeAll(async () => {
  authentik = await startEmbeddedAuthentik();
});
afterAll(() => authentik.stop());
afterEach(async () => {
  await app?.close();
  app = undefined;
});

/** The status for each of the people, and for nobody. */
async function statuses(path: string): Promise<Record<string, number>> {
  const found: Record<string, number> = {};
  for (const who of ['alice', 'bob', 'root', 'nobody']) {
    const headers = who === 'nobody' ? {} : await authentik.bearer(who);
    found[who] = (await request(app?.getHttpServer()).get(path).set(headers)).status;
  }
  return found;
}

@Controller('plain')
class PlainController {
  @Get('open') open() {
    return 'open';
  }
  @Get('authenticated') @Authenticated() authenticated() {
    return 'in';
  }
  @Get('groups') @AllowedGroups('engineering', 'authentik Admins') groups() {
    return 'in';
  }
  @Get('guards') @UseGuards(AuthentikAuthGuard, GroupsGuard) guards() {
    return 'in';
  }
  @Get('groups-guard-alone') @UseGuards(GroupsGuard) alone() {
    return 'no rule, nothing to compare';
  }
  @Sse('stream') @AllowedGroups('engineering') stream() {
    return of({ data: 'secret' });
  }
}

@Controller('admins')
@AllowedGroups('authentik Admins')
class AdminsController {
  @Get() inherited() {
    return 'in';
  }
  @Get('public') @Public() lifted() {
    return 'in';
  }
  @Get('engineering') @AllowedGroups('engineering') replaced() {
    return 'in';
  }
  @Get('authenticated') @Authenticated() authenticated() {
    return 'the groups of the class still hold';
  }
}

@Controller('public')
@Public()
class PublicController {
  @Get() open() {
    return 'in';
  }
  @Get('engineering') @AllowedGroups('engineering') protectedAgain() {
    return 'in';
  }
  @Get('both') @Public() @Authenticated() both() {
    return 'in';
  }
}

@Controller('inherited')
class InheritedController extends AdminsController {}

@Controller('inherited-by-others')
@AllowedGroups('engineering')
class OtherGroupsController extends AdminsController {}

describe('naming a right enforces it', () => {
  const all = { alice: 200, bob: 200, root: 200, nobody: 200 };
  const signedIn = { alice: 200, bob: 200, root: 200, nobody: 401 };
  const admins = { alice: 403, bob: 403, root: 200, nobody: 401 };
  const engineering = { alice: 200, bob: 403, root: 403, nobody: 401 };

  it.each([
    ['/plain/open', all],
    ['/plain/authenticated', signedIn],
    ['/plain/groups', { alice: 200, bob: 403, root: 200, nobody: 401 }],
    ['/plain/guards', signedIn],
    ['/plain/groups-guard-alone', all],
    ['/plain/stream', engineering],
    ['/admins', admins],
    ['/admins/public', all],
    ['/admins/engineering', engineering],
    ['/admins/authenticated', admins],
    ['/public', all],
    ['/public/engineering', engineering],
    ['/public/both', signedIn],
    ['/inherited', admins],
    ['/inherited/engineering', engineering],
    ['/inherited-by-others', engineering],
    ['/inherited-by-others/authenticated', engineering],
  ])('%s', async (path, expected) => {
    const controllers = [
      PlainController,
      AdminsController,
      PublicController,
      InheritedController,
      OtherGroupsController,
    ];
    app = await startRestApp(authentik.url, { controllers });
    expect(await statuses(path)).toEqual(expected);
  });

  it.each([
    ['/plain/open', signedIn],
    ['/admins/public', all],
    ['/admins', admins],
    ['/public', all],
    ['/public/engineering', engineering],
  ])('%s with globalGuards', async (path, expected) => {
    const controllers = [PlainController, AdminsController, PublicController];
    app = await startRestApp(authentik.url, { controllers, extras: { globalGuards: true } });
    expect(await statuses(path)).toEqual(expected);
  });
});

/** The rule without the guards that come with it, as if somebody had stripped them. */
function AllowedGroupsMetadataOnly(): MethodDecorator {
  return (target, key) => {
    const descriptor = Object.getOwnPropertyDescriptor(target, key);
    const handler = descriptor?.value as object;
    const guards = Reflect.getMetadata('__guards__', handler) as unknown;
    AllowedGroups('engineering')(target, key, descriptor as PropertyDescriptor);
    Reflect.defineMetadata('__guards__', guards, handler);
  };
}

describe('without a user that we verified', () => {
  /** Middleware of somebody else that trusts a header. */
  @Injectable()
  class ForeignGuard implements CanActivate {
    canActivate(context: ExecutionContext): boolean {
      Object.assign(context.switchToHttp().getRequest<object>(), { user: { groups: ['engineering'] } });
      return true;
    }
  }

  @Controller('foreign')
  class ForeignController {
    @Get('groups') @UseGuards(ForeignGuard, GroupsGuard) groups() {
      return 'in';
    }
    @Get('user') @UseGuards(ForeignGuard) user(@CurrentUser() user?: AuthentikUser) {
      return { user: user ?? null };
    }
  }
  Reflect.decorate([AllowedGroupsMetadataOnly()], ForeignController.prototype, 'groups', undefined);

  it('a groups rule refuses, whatever `request.user` says', async () => {
    app = await startRestApp(authentik.url, { controllers: [ForeignController] });
    expect((await request(app.getHttpServer()).get('/foreign/groups')).status).toBe(401);
  });

  it('@CurrentUser() is nobody', async () => {
    app = await startRestApp(authentik.url, { controllers: [ForeignController] });
    expect((await request(app.getHttpServer()).get('/foreign/user')).body).toEqual({ user: null });
  });
});

describe('@AllowedGroups', () => {
  it('refuses at once what could not mean anything', () => {
    expect(() => AllowedGroups('')).toThrow(TypeError);
    expect(() => AllowedGroups(...([] as unknown as [string]))).toThrow(TypeError);
    expect(() => {
      class Twice {
        @AllowedGroups('a')
        @AllowedGroups('b')
        read() {
          return 1;
        }
      }
      return Twice;
    }).toThrow('stands twice');
  });
});

describe('@CurrentUser()', () => {
  @Controller('me')
  class MeController {
    @Get() @Authenticated() me(@CurrentUser() user: AuthentikUser) {
      return user;
    }
    @Get('groups') @Authenticated() groups(@CurrentUser('groups') groups: string[]) {
      return groups;
    }
    @Get('public') @Public() nobody(@CurrentUser() user?: AuthentikUser) {
      return { user: user ?? null };
    }
  }

  it('is the user as Authentik describes her', async () => {
    app = await startRestApp(authentik.url, { controllers: [MeController] });
    const headers = await authentik.bearer('alice');
    const { body } = await request(app.getHttpServer()).get('/me').set(headers);
    expect(body).toMatchObject({
      username: 'alice',
      kind: 'person',
      credential: 'bearer',
      issuer: authentik.issuer('mcp-server'),
      clientId: 'mcp-server',
      scopes: expect.arrayContaining(['openid', 'profile', 'email']) as unknown,
      claims: { azp: 'mcp-server', aud: 'mcp-server' },
    });
    expect((body as AuthentikUser).id).toBe((body as AuthentikUser).claims.sub);
    expect((body as AuthentikUser).groups.toSorted()).toEqual(['engineering', 'mcp-users']);
    expect((await request(app.getHttpServer()).get('/me/groups').set(headers)).body).toHaveLength(2);
    expect((await request(app.getHttpServer()).get('/me/public').set(headers)).body).toEqual({ user: null });
  });
});

describe('AuthentikTokenService', () => {
  @Controller('exchange')
  class ExchangeController {
    constructor(private readonly tokens: AuthentikTokenService) {}
    @Get() async read(@Query('token') token: string) {
      return { username: (await this.tokens.verifyToken(token)).username };
    }
  }

  it('verifies, says no by null, and its errors answer by themselves', async () => {
    app = await startRestApp(authentik.url, { controllers: [ExchangeController] });
    const tokens = app.get(AuthentikTokenService);
    const token = await authentik.mintAccessToken({ user: 'alice' });
    const expired = await authentik.mintBroken({ kind: 'expired', user: 'alice' });
    expect(await tokens.verifyToken(token)).toMatchObject({ username: 'alice' });
    expect(await tokens.tryVerifyToken(expired)).toBeNull();
    await expect(tokens.verifyToken(expired)).rejects.toThrow(TokenVerificationError);
    await expect(tokens.verifyToken(expired)).rejects.toMatchObject({ reason: 'expired' });
    const server = app.getHttpServer();
    expect((await request(server).get('/exchange').query({ token })).body).toEqual({ username: 'alice' });
    const refused = await request(server).get('/exchange').query({ token: expired });
    expect(refused.status).toBe(401);
    expect(refused.headers['www-authenticate']).toContain('error="invalid_token"');
  });
});

const ask = async (to: INestApplication, by: EmbeddedAuthentik) => {
  const response = await request(to.getHttpServer())
    .get('/admins')
    .set(await by.bearer('root'));
  return response.status;
};

describe('two apps in one process', () => {
  it('each know their own Authentik only', async () => {
    const second = await startEmbeddedAuthentik();
    app = await startRestApp(authentik.url, { controllers: [AdminsController] });
    const other = await startRestApp(second.url, { controllers: [AdminsController] });
    expect(await ask(app, authentik)).toBe(200);
    expect(await ask(other, second)).toBe(200);
    expect(await ask(app, second)).toBe(401);
    expect(await ask(other, authentik)).toBe(401);
    await other.close();
    // The first one's strategy is still its own.
    expect(await ask(app, authentik)).toBe(200);
    await second.stop();
  });
});
