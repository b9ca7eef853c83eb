import {
  Controller,
  type ExecutionContext,
  ForbiddenException,
  Get,
  Module,
  type Type,
  UnauthorizedException,
} from '@nestjs/common';
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import { Test, type TestingModule } from '@nestjs/testing';
import {
  AllowedGroups,
  Authenticated,
  AuthentikAuthGuard,
  AuthentikModule,
  type AuthentikOptions,
  type AuthentikUser,
  CurrentUser,
  GroupsGuard,
  RequiredScopes,
} from 'nestjs-authentik';
import {
  actingAs,
  authentikOptions,
  embeddedAuthentik,
  startEmbeddedAuthentik,
  withEmbeddedAuthentik,
} from 'nestjs-authentik-testing';
import request from 'supertest';
import { afterEach, describe, expect, it } from 'vitest';

@Controller('reports')
class Reports {
  @Get() @AllowedGroups('engineering') list(@CurrentUser() user: AuthentikUser) {
    return { for: user.username, groups: user.groups, email: user.email };
  }
  @Get('who') @Authenticated() who(@CurrentUser() { kind, username, groups }: AuthentikUser) {
    return { kind, username, groups };
  }
  @Get('scoped') @RequiredScopes('reports:read') scoped() {
    return {};
  }
}

/** An app as it is in production: a real address, fixed in its module. */
const production = {
  url: 'https://auth.example.com',
  internalUrl: 'http://authentik.internal:9000',
  applicationSlug: 'reports',
  clientId: 'reports-api',
  publicUrl: 'https://reports.example.com',
  allowedGroups: ['staff', 'engineering'],
} satisfies AuthentikOptions;
@Module({ imports: [AuthentikModule.forRoot(production)], controllers: [Reports] })
class AppModule {}

const running: { close(): Promise<void> }[] = [];
const start = async (testing: Promise<TestingModule>) => {
  const app = (await testing).createNestApplication({ logger: false });
  running.push(app);
  await app.init();
  return app.getHttpServer() as Parameters<typeof request>[0];
};
const testModule = async () =>
  Test.createTestingModule({
    imports: [AuthentikModule.forRoot(await authentikOptions())],
    controllers: [Reports],
  }).compile();

afterEach(async () => {
  await Promise.all(running.splice(0).map((app) => app.close()));
  await (await embeddedAuthentik()).stop();
});

const subjectOf = async (groups: string[]) =>
  JSON.parse(Buffer.from((await actingAs({ groups })).authorization.split('.')[1] ?? '', 'base64url').toString()) as {
    sub: string;
  };

describe('actingAs', () => {
  it('serves who is in the group and refuses who is not, with nothing started by the test', async () => {
    const server = await start(testModule());
    const served = await request(server)
      .get('/reports')
      .set(await actingAs({ groups: ['engineering'], email: 'eve@example.com' }))
      .expect(200);
    expect(served.body).toEqual({ for: 'test-user', groups: ['engineering'], email: 'eve@example.com' });
    await request(server)
      .get('/reports')
      .set(await actingAs({ groups: ['sales'] }))
      .expect(403);
    await request(server)
      .get('/reports')
      .set(await actingAs())
      .expect(403);
    await request(server).get('/reports').expect(401);
  });

  it('is somebody known by name, with the groups they have', async () => {
    const server = await start(testModule());
    const served = await request(server)
      .get('/reports')
      .set(await actingAs({ username: 'alice' }))
      .expect(200);
    expect(served.body).toMatchObject({ for: 'alice', groups: ['engineering', 'mcp-users'] });
    await request(server)
      .get('/reports')
      .set(await actingAs({ username: 'bob' }))
      .expect(403);
    await expect(actingAs({ username: 'bob', groups: ['engineering'] })).rejects.toThrow(
      "'bob' is known with other groups (mcp-users)",
    );
    await request(server)
      .get('/reports')
      .set(await actingAs({ username: 'bob', groups: ['mcp-users'] }))
      .expect(403);
    await request(server)
      .get('/reports')
      .set(await actingAs({ username: 'carol', groups: ['engineering'] }))
      .expect(200);
  });

  it('carries the scopes and the life that the test names', async () => {
    const server = await start(testModule());
    const authentik = await embeddedAuthentik();
    authentik.addApplication({ slug: 'scoped', scopeMappings: { 'reports:read': {} } });
    const scoped = await start(
      Test.createTestingModule({
        imports: [AuthentikModule.forRoot(await authentikOptions({ applicationSlug: 'scoped' }))],
        controllers: [Reports],
      }).compile(),
    );
    await request(scoped)
      .get('/reports/scoped')
      .set(await actingAs({ application: 'scoped', scopes: ['openid', 'reports:read'] }))
      .expect(200);
    await request(scoped)
      .get('/reports/scoped')
      .set(await actingAs({ application: 'scoped', scopes: ['openid'] }))
      .expect(403);
    await request(server)
      .get('/reports')
      .set(await actingAs({ groups: ['engineering'], expiresInSeconds: -60 }))
      .expect(401);
  });

  it('is the same person for the same groups, in whatever order, and another for others', async () => {
    await start(testModule());
    const one = await subjectOf(['a', 'b']);
    expect((await subjectOf(['b', 'a'])).sub).toBe(one.sub);
    expect((await subjectOf(['a'])).sub).not.toBe(one.sub);
  });

  it('is a machine that acts for itself, and is told from people', async () => {
    const server = await start(testModule());
    const { body } = await request(server)
      .get('/reports/who')
      .set(await actingAs({ machine: true }))
      .expect(200);
    expect(body).toEqual({ kind: 'service', username: 'ak-test-app-client_credentials', groups: [] });
    const person = await request(server)
      .get('/reports/who')
      .set(await actingAs({ groups: ['engineering'] }))
      .expect(200);
    expect(person.body).toEqual({ kind: 'person', username: 'test-user', groups: ['engineering'] });
    await request(server)
      .get('/reports')
      .set(await actingAs({ machine: true }))
      .expect(403);
    await expect(actingAs({ machine: true, groups: ['engineering'] })).rejects.toThrow('A machine is nobody');
  });

  it('asks which Authentik is meant when several run, and takes the one it is given', async () => {
    const [one, other] = await Promise.all([startEmbeddedAuthentik(), startEmbeddedAuthentik()]);
    await expect(actingAs({ groups: ['engineering'] })).rejects.toThrow('2 embedded Authentiks run in this process');
    const header = await actingAs({ groups: ['engineering'], authentik: other });
    await other.stop();
    expect(header.authorization).toMatch(/^Bearer ey/);
    await expect(actingAs({ groups: ['engineering'] })).resolves.toHaveProperty('authorization');
    await one.stop();
  });
});

describe('withEmbeddedAuthentik', () => {
  it('stands in for the real Authentik of an app and leaves its other options alone', async () => {
    const builder = await withEmbeddedAuthentik(Test.createTestingModule({ imports: [AppModule] }));
    const server = await start(builder.compile());
    await request(server)
      .get('/reports')
      .set(await actingAs({ groups: ['engineering'] }))
      .expect(200);
    // The app's own rule, and its own address in the challenge.
    const refused = await request(server).get('/reports').expect(401);
    expect(refused.headers['www-authenticate']).toContain('https://reports.example.com/.well-known/');
    const authentik = await embeddedAuthentik();
    expect(authentik.applications).toMatchObject([{ slug: 'reports', clientId: 'reports-api' }]);
  });

  it('makes tokens for the app under test, whatever else Authentik has, and for those that it trusts', async () => {
    const authentik = await startEmbeddedAuthentik();
    const trusting = {
      ...production,
      trustedApplications: [{ applicationSlug: 'mobile', clientId: 'mobile-app' }],
    };
    const imports = [AuthentikModule.forRoot(trusting)];
    const builder = await withEmbeddedAuthentik(Test.createTestingModule({ imports, controllers: [Reports] }), {
      authentik,
    });
    const server = await start(builder.compile());
    const statusFor = async (more: object) =>
      (
        await request(server)
          .get('/reports')
          .set(await actingAs({ groups: ['engineering'], ...more }))
      ).status;
    expect(await statusFor({})).toBe(200);
    expect(await statusFor({ application: 'mobile' })).toBe(200);
    expect(await statusFor({ clientId: 'mobile-app' })).toBe(200);
    expect(await statusFor({ application: 'mcp-server' })).toBe(401);
  });

  it('runs guards outside of a server, too', async () => {
    const builder = await withEmbeddedAuthentik(Test.createTestingModule({ imports: [AppModule] }));
    const testing = await builder.compile();
    running.push(testing);
    const ask = async (headers: Record<string, string>) => {
      const context = contextOf(Reports, 'list', headers);
      for (const guard of [testing.get(AuthentikAuthGuard), testing.get(GroupsGuard)]) await guard.canActivate(context);
      return 'served';
    };
    await expect(ask(await actingAs({ groups: ['engineering'] }))).resolves.toBe('served');
    await expect(ask(await actingAs({ groups: ['staff'] }))).rejects.toThrow(ForbiddenException);
    await expect(ask({})).rejects.toThrow(UnauthorizedException);
  });
});

/** What a guard is asked about: a request with these headers, on its way to a handler. */
function contextOf(type: Type, method: string, headers: Record<string, string>): ExecutionContext {
  const http = [{ headers, method: 'GET', url: '/', originalUrl: '/' }, {}];
  return new ExecutionContextHost(http, type, Object.getOwnPropertyDescriptor(type.prototype, method)?.value as never);
}
