import {
  Controller,
  type CanActivate,
  type ExecutionContext,
  Get,
  type INestApplication,
  Injectable,
  SetMetadata,
  type Type,
  UseGuards,
} from '@nestjs/common';
import {
  AcceptedCredentials,
  AllowedGroups,
  Authenticated,
  AuthentikAuthGuard,
  AuthentikBearerGuard,
  AuthentikConfigError,
  type AuthentikOptions,
  type AuthentikUser,
  CsrfGuard,
  CurrentUser,
  GroupsGuard,
  OptionalAuth,
  ProhibitedGroups,
  Public,
  RequiredGroups,
  RequiredScopes,
  ScopesGuard,
} from 'nestjs-authentik';
import { Test } from '@nestjs/testing';
import { type EmbeddedAuthentik, startEmbeddedAuthentik } from 'nestjs-authentik-testing';
import request from 'supertest';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import { recordLog } from '../harness/log-lines.js';
import { startRestApp } from '../harness/rest-app.js';

let authentik: EmbeddedAuthentik;
let app: INestApplication | undefined;

beforeAll(async () => {
  authentik = await startEmbeddedAuthentik({
    applications: [{ slug: 'mcp-server', scopeMappings: { 'reports:read': {}, 'reports:write': {} } }],
  });
});
afterAll(() => authentik.stop());
afterEach(async () => {
  await app?.close();
  app = undefined;
});

const start = async (controllers: Type[], options: Partial<AuthentikOptions> = {}, extras = {}) => {
  const { lines, logger } = recordLog();
  app = await startRestApp(authentik.url, { controllers, options, extras, logger });
  return lines;
};
const statusOf = async (path: string, user?: string, more: object = {}) =>
  (
    await request(app?.getHttpServer())
      .get(path)
      .set(user === undefined ? {} : await authentik.bearer(user, more))
  ).status;

@Controller()
class EveryDecorator {
  @Get('all-of') @RequiredGroups('engineering', 'mcp-users') allOf() {
    return 'in';
  }
  @Get('none-of') @ProhibitedGroups('engineering', 'authentik Admins') noneOf() {
    return 'in';
  }
  @Get('mixed') @AllowedGroups('mcp-users') @ProhibitedGroups('engineering') @RequiredScopes('reports:read') mixed() {
    return 'in';
  }
  @Get('scopes') @RequiredScopes('reports:read', 'reports:write') scopes() {
    return 'in';
  }
  @Get('optional') @OptionalAuth() optional(@CurrentUser('username') username?: string) {
    return { username: username ?? 'nobody' };
  }
  @Get('bearer') @AcceptedCredentials('bearer') bearer() {
    return 'in';
  }
  @Get('session') @AcceptedCredentials('session') session() {
    return 'in';
  }
  @Get('bearer-guard') @UseGuards(AuthentikBearerGuard) bearerGuard() {
    return 'in';
  }
}

describe('each decorator', () => {
  it.each([
    ['/all-of', { alice: 200, bob: 403, mallory: 403 }],
    ['/none-of', { alice: 403, root: 403, bob: 200, mallory: 200 }],
    ['/scopes', { alice: 200 }],
    ['/mixed', { alice: 403, bob: 200, mallory: 403 }],
    ['/bearer', { mallory: 200 }],
    ['/session', { mallory: 401 }],
    ['/bearer-guard', { mallory: 200 }],
  ])('of %s says who', async (path, expected) => {
    await start([EveryDecorator]);
    expect(await statusOf(path)).toBe(401);
    for (const [user, status] of Object.entries(expected)) expect(await statusOf(path, user), user).toBe(status);
  });

  it('@RequiredScopes asks for all of them', async () => {
    await start([EveryDecorator]);
    expect(await statusOf('/scopes', 'alice', { scopes: ['openid', 'reports:read'] })).toBe(403);
    expect(await statusOf('/mixed', 'bob', { scopes: ['openid', 'profile'] })).toBe(403);
  });

  it('@OptionalAuth() takes nobody for nobody, and a bad credential for a bad one', async () => {
    await start([EveryDecorator]);
    const ask = (headers: Record<string, string>) => request(app?.getHttpServer()).get('/optional').set(headers);
    expect((await ask({})).body).toEqual({ username: 'nobody' });
    expect((await ask(await authentik.bearer('alice'))).body).toEqual({ username: 'alice' });
    const broken = await authentik.mintBroken({ kind: 'expired', user: 'alice' });
    expect((await ask({ authorization: `Bearer ${broken}` })).status).toBe(401);
    await authentik.fault('error500');
    await app?.close();
    await start([EveryDecorator]);
    expect((await ask(await authentik.bearer('alice'))).status).toBe(503);
    await authentik.clearFaults();
  });

  it('twice in one place is a mistake that shows at once', () => {
    for (const twice of [
      () => [RequiredGroups('a'), RequiredGroups('b')],
      () => [ProhibitedGroups('a'), ProhibitedGroups('b')],
      () => [RequiredScopes('a'), RequiredScopes('b')],
      () => [AcceptedCredentials('bearer'), AcceptedCredentials('bearer')],
    ]) {
      class Handlers {
        read() {
          return 'in';
        }
      }
      expect(() =>
        Reflect.decorate(
          twice(),
          Handlers.prototype,
          'read',
          Object.getOwnPropertyDescriptor(Handlers.prototype, 'read'),
        ),
      ).toThrow('stands twice in one place');
    }
    expect(() => AcceptedCredentials()).toThrow(TypeError);
    expect(() => AcceptedCredentials('cookie' as 'bearer')).toThrow("write @AcceptedCredentials('bearer')");
  });

  it.each([
    [AllowedGroups, 'AllowedGroups'],
    [RequiredGroups, 'RequiredGroups'],
    [ProhibitedGroups, 'ProhibitedGroups'],
    [RequiredScopes, 'RequiredScopes'],
  ])('a list instead of names is a mistake that shows at once, with how to write it', (decorator, name) => {
    const wrong = decorator as (...names: unknown[]) => unknown;
    expect(() => wrong(['a', "b's"])).toThrow(
      new TypeError(`@${name} takes names, not a list of them: write @${name}("a", "b's").`),
    );
    expect(() => wrong([])).toThrow(`write @${name}("a", "b")`);
    expect(() => wrong(' ')).toThrow(`@${name} needs names, none of them empty: write @${name}("a", "b").`);
  });
});

describe('for the whole app', () => {
  it('allowedGroups must hold besides what handlers ask', async () => {
    const lines = await start([EveryDecorator], { allowedGroups: ['mcp-users', 'finance'] });
    expect(await statusOf('/bearer', 'bob')).toBe(200);
    expect(await statusOf('/bearer', 'mallory')).toBe(403);
    expect(await statusOf('/optional', 'mallory')).toBe(403);
    expect(await statusOf('/optional')).toBe(200);
    expect(await statusOf('/all-of', 'bob')).toBe(403);
    expect(lines.join('\n')).toContain('refused 403 group_required GET /bearer');
  });

  it('mapUser gives the user that everybody sees, and its groups count', async () => {
    await start([EveryDecorator], {
      mapUser: async (user, claims) => {
        await Promise.resolve();
        return { ...user, username: String(claims.preferred_username).toUpperCase(), groups: ['mcp-users'] };
      },
    });
    const { body } = await request(app?.getHttpServer())
      .get('/optional')
      .set(await authentik.bearer('alice'));
    expect(body).toEqual({ username: 'ALICE' });
    expect(await statusOf('/all-of', 'alice')).toBe(403);
    expect(await statusOf('/none-of', 'alice')).toBe(200);
  });

  it.each<[string, NonNullable<AuthentikOptions['mapUser']>]>([
    [
      'throws',
      () => {
        throw new Error('not on my watch');
      },
    ],
    ['rejects', () => Promise.reject(new Error('not on my watch'))],
    ['returns nobody', () => undefined as unknown as AuthentikUser],
    ['returns no groups', (user) => ({ ...user, groups: 'engineering' as unknown as string[] })],
  ])('mapUser that %s is 403, with its reason in the log only', async (what, mapUser) => {
    const lines = await start([EveryDecorator], { mapUser });
    const response = await request(app?.getHttpServer())
      .get('/bearer')
      .set(await authentik.bearer('alice'));
    expect(response.status).toBe(403);
    expect(response.text).not.toContain('not on my watch');
    expect(lines.join('\n')).toContain('refused 403 user_rejected GET /bearer');
    if (what === 'throws' || what === 'rejects') expect(lines.join('\n')).toContain('not on my watch');
  });

  it('logLevel makes it quieter, and at debug tells who judged and why', async () => {
    const quiet = await start([EveryDecorator], { logLevel: 'warn' });
    expect(await statusOf('/bearer')).toBe(401);
    expect(quiet.filter((line) => line.includes('refused'))).toEqual([]);
    await app?.close();
    const debug = await start([EveryDecorator], { logLevel: 'debug' });
    expect(await statusOf('/bearer', 'alice')).toBe(200);
    await request(app?.getHttpServer())
      .get('/bearer')
      .auth(await authentik.mintBroken({ kind: 'expired', user: 'alice' }), { type: 'bearer' });
    expect(debug.filter((line) => line.startsWith('debug '))).toEqual([
      expect.stringMatching(/^debug local verification accepts a token: client=mcp-server sub=/u),
      expect.stringMatching(/^debug local verification refuses a token: token_expired: The access token expired\./u),
    ]);
  });

  it('nothing that a token says of itself acts on a terminal', async () => {
    const lines = await start([EveryDecorator]);
    const token = await authentik.mintAccessToken({
      user: 'alice',
      claims: { sub: 'x\u001b[2J\n\u202eevil', groups: [] },
    });
    expect((await request(app?.getHttpServer()).get('/all-of').auth(token, { type: 'bearer' })).status).toBe(403);
    const line = lines.find((entry) => entry.includes('refused 403'));
    expect(line).toContain('sub=x\ufffd[2J\ufffd\ufffdevil');
  });
});

describe('guards of an app that extend ours', () => {
  @Injectable()
  class NoRobotsGuard extends AuthentikAuthGuard {
    protected override async authenticate(guarded: never): Promise<AuthentikUser | undefined> {
      const user = await super.authenticate(guarded);
      return user?.username === 'bob' ? undefined : user;
    }
  }

  @Controller()
  class Extended {
    @Get('extended') @UseGuards(NoRobotsGuard) extended() {
      return 'in';
    }
  }

  it('keep their place at the seams', async () => {
    await start([Extended]);
    expect(await statusOf('/extended', 'alice')).toBe(200);
    expect(await statusOf('/extended', 'bob')).toBe(401);
    expect(await statusOf('/extended')).toBe(401);
  });
});

describe('a transport that the guards do not know', () => {
  it.each(['ws', 'graphql', 'rpc'])('%s is refused with a sentence', async (type) => {
    await start([EveryDecorator]);
    const context = {
      getType: () => type,
      getHandler: () => Object.getOwnPropertyDescriptor(EveryDecorator.prototype, 'bearer')?.value as unknown,
      getClass: () => EveryDecorator,
      getArgByIndex: () => ({ headers: {} }),
    } as unknown as ExecutionContext;
    for (const guard of [AuthentikAuthGuard, GroupsGuard, ScopesGuard]) {
      const judged = async () => app?.get<{ canActivate(of: ExecutionContext): unknown }>(guard).canActivate(context);
      await expect(judged()).rejects.toThrow(`"${type}" is neither. Verify the token yourself`);
    }
  });
});

const bare =
  (decorator: MethodDecorator): MethodDecorator =>
  (target, key, descriptor) => {
    decorator(target, key, descriptor);
    // As if somebody had composed the metadata by hand and forgotten the guards.
    Reflect.deleteMetadata('__guards__', descriptor.value as object);
  };

describe('the check at the start', () => {
  @Controller('unguarded')
  class Unguarded {
    @Get('groups') @bare(AllowedGroups('engineering')) groups() {
      return 'in';
    }
    @Get('scopes') @bare(RequiredScopes('reports:read')) scopes() {
      return 'in';
    }
    @Get('someone') @bare(Authenticated()) someone() {
      return 'in';
    }
    @Get('kinds') @UseGuards(GroupsGuard) @bare(AcceptedCredentials('bearer')) kinds() {
      return 'in';
    }
    @Get('open') @SetMetadata('other', true) @Public() open() {
      return 'in';
    }
  }

  it('does not let an app start whose rights nobody enforces, and names each', async () => {
    const failure: unknown = await start([Unguarded]).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(AuthentikConfigError);
    expect((failure as AuthentikConfigError).issues.map(({ option, remedy }) => `${option}: ${remedy}`)).toEqual([
      'Unguarded.groups: Use the decorators as they are, or add @UseGuards(GroupsGuard).',
      'Unguarded.scopes: Use the decorators as they are, or add @UseGuards(ScopesGuard).',
      'Unguarded.someone: Use the decorators as they are, or add @UseGuards(AuthentikAuthGuard).',
      'Unguarded.kinds: Use the decorators as they are, or add @UseGuards(AuthentikAuthGuard).',
    ]);
    app = undefined;
  });

  it('is content where globalGuards enforces them', async () => {
    await start([Unguarded], {}, { globalGuards: true });
    expect(await statusOf('/unguarded/groups', 'bob')).toBe(403);
    expect(await statusOf('/unguarded/groups', 'alice')).toBe(200);
    expect(await statusOf('/unguarded/someone')).toBe(401);
    expect(await statusOf('/unguarded/open')).toBe(200);
  });
});

describe('a guard of the app behind a right of the class', () => {
  @Injectable()
  class BannedGuard implements CanActivate {
    canActivate(context: ExecutionContext): boolean {
      return context.switchToHttp().getRequest<{ user?: AuthentikUser }>().user?.username !== 'bob';
    }
  }

  @Controller('banned/groups')
  @UseGuards(BannedGuard)
  @AllowedGroups('engineering')
  class BehindGroups {
    @Get() @OptionalAuth() read() {
      return 'in';
    }
  }

  @Controller('banned/scopes')
  @UseGuards(BannedGuard)
  @RequiredScopes('profile')
  class BehindScopes {
    @Get() @OptionalAuth() read() {
      return 'in';
    }
  }

  it.each(['groups', 'scopes'])('sees who is asking where %s are lifted by @OptionalAuth()', async (right) => {
    await start([BehindGroups, BehindScopes]);
    const path = `/banned/${right}`;
    expect([await statusOf(path, 'bob'), await statusOf(path, 'alice'), await statusOf(path)]).toEqual([403, 200, 200]);
  });
});

describe('a guard of rights alone', () => {
  @Controller('alone')
  class Alone {
    @Get('groups') @UseGuards(GroupsGuard) @bare(AllowedGroups('engineering')) groups() {
      return 'in';
    }
    @Get('scopes') @UseGuards(ScopesGuard) @bare(RequiredScopes('profile')) scopes() {
      return 'in';
    }
    @Get('kinds')
    @UseGuards(GroupsGuard)
    @bare(AllowedGroups('engineering'))
    @bare(AcceptedCredentials('session'))
    kinds() {
      return 'in';
    }
  }

  it('finds out who is asking, and by what', async () => {
    await start([Alone]);
    const found = await Promise.all(
      ['groups', 'scopes', 'kinds'].map(async (path) =>
        Promise.all([undefined, 'bob', 'alice'].map((who) => statusOf(`/alone/${path}`, who))),
      ),
    );
    expect(found).toEqual([
      [401, 403, 200],
      [401, 200, 200],
      [401, 401, 401],
    ]);
  });
});

describe('an app that did not import AuthentikModule', () => {
  it.each([
    ['@Authenticated()', Authenticated()],
    ["@AllowedGroups('a')", AllowedGroups('a')],
    ["@RequiredScopes('a')", RequiredScopes('a')],
    ['GroupsGuard', UseGuards(GroupsGuard)],
    ['ScopesGuard', UseGuards(ScopesGuard)],
    ['AuthentikBearerGuard', UseGuards(AuthentikBearerGuard)],
    ['CsrfGuard', UseGuards(CsrfGuard)],
  ])('does not start with %s, and is told what to import where', async (_what, decorator) => {
    @Controller('lonely')
    @decorator
    class LonelyController {
      @Get() read() {
        return {};
      }
    }
    const compiling = Test.createTestingModule({ controllers: [LonelyController] }).compile();
    await expect(compiling).rejects.toThrow(/AuthentikModule\.forRoot\(\) in the root module\) at index \[0\]/u);
  });
});
