import { Controller, Get, type INestApplication } from '@nestjs/common';
import * as fc from 'fast-check';
import {
  AllowedGroups,
  Authenticated,
  type AuthentikOptions,
  type AuthentikUser,
  CurrentUser,
  ProhibitedGroups,
  RequiredGroups,
  RequiredScopes,
} from 'nestjs-authentik';
import { type EmbeddedAuthentik, startEmbeddedAuthentik } from 'nestjs-authentik-testing';
import request from 'supertest';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import { recordLog } from '../harness/log-lines.js';
import { startRestApp } from '../harness/rest-app.js';

@Controller()
class Reports {
  @Get('staff') @ProhibitedGroups('contractors') staff() {
    return 'in';
  }
  @Get('scoped') @ProhibitedGroups('contractors') @RequiredScopes('reports:read') scoped() {
    return 'in';
  }
  @Get('team') @AllowedGroups('engineering') team() {
    return 'in';
  }
  @Get('all') @RequiredGroups('engineering') all() {
    return 'in';
  }
  @Get('me') @Authenticated() me(@CurrentUser() { groups, groupsKnown, ...user }: AuthentikUser) {
    return { groups, groupsKnown, isPlain: Object.getPrototypeOf(user) === Object.prototype };
  }
}

let authentik: EmbeddedAuthentik;
let app: INestApplication | undefined;
beforeAll(async () => {
  authentik = await startEmbeddedAuthentik({
    users: [
      { username: 'carol', groups: ['contractors'] },
      { username: 'alice', groups: ['engineering'] },
      { username: 'mallory' },
    ],
    applications: [{ slug: 'mcp-server', clientType: 'confidential', scopeMappings: { 'reports:read': {} } }],
  });
});
afterAll(() => authentik.stop());
afterEach(async () => {
  await app?.close();
  app = undefined;
});

const start = async (options: Partial<AuthentikOptions> = {}) => {
  const { lines, logger } = recordLog();
  app = await startRestApp(authentik.url, { controllers: [Reports], options, logger });
  return lines;
};
const ask = (path: string, token: string) => request(app?.getHttpServer()).get(path).auth(token, { type: 'bearer' });
const tokenOf = (user: string, more: object = {}) => authentik.mintAccessToken({ user, ...more });
const statusOf = async (user: string, more: object = {}) => (await ask('/staff', await tokenOf(user, more))).status;
const narrow = { scopes: ['openid', 'email'] };
const challengeOf = async (path: string, token: string) =>
  String((await ask(path, token)).headers['www-authenticate']).split(/,? resource_metadata/u)[0];

const secretOf = () => ({ clientSecret: authentik.applications[0]?.clientSecret ?? '' });
const ways: [string, () => Partial<AuthentikOptions>][] = [
  ['all claims are kept', () => ({})],
  ['claims are not kept', () => ({ tokens: { keepClaims: false } })],
  ['Authentik judges', () => ({ ...secretOf(), tokens: { validation: 'introspect' } })],
];

describe.each(ways)('who is in no prohibited group, where %s', (_way, options) => {
  it('is let in once the token tells of the groups, and not before', async () => {
    const lines = await start(options());
    for (const user of ['alice', 'mallory']) expect(await statusOf(user), user).toBe(200);
    expect(await statusOf('carol')).toBe(403);
    for (const user of ['alice', 'mallory', 'carol']) expect(await statusOf(user, narrow), user).toBe(403);
    expect(lines.filter((line) => line.includes('refused 403 groups_unknown GET /staff'))).toHaveLength(3);
  });

  it('is told of the scope that would tell, beside those that it has and those that it needs besides', async () => {
    await start(options());
    const token = await tokenOf('carol', narrow);
    expect(await challengeOf('/staff', token)).toBe('Bearer error="insufficient_scope", scope="email openid profile"');
    expect(await challengeOf('/scoped', token)).toBe(
      'Bearer error="insufficient_scope", scope="email openid profile reports:read"',
    );
    // And the wider token is judged by its groups.
    const wide = { scopes: ['openid', 'email', 'profile', 'reports:read'] };
    expect(await challengeOf('/scoped', await tokenOf('carol', wide))).toBe('Bearer');
    expect((await ask('/scoped', await tokenOf('alice', wide))).status).toBe(200);
  });
});

it.each(ways.slice(0, 2))(
  'a wider token that tells no more is refused as of a group, where %s',
  async (_way, options) => {
    await start(options());
    const refused = await ask('/staff', await tokenOf('alice', { claims: { groups: 'engineering' } }));
    expect(refused.status).toBe(403);
    expect(refused.headers['www-authenticate']).toMatch(/^Bearer resource_metadata="[^"]*"$/u);
    expect(refused.body).toMatchObject({ error: 'forbidden' });
  },
);

it.each(['/team', '/all'])('the log says of %s whether the user is in another group or tells of none', async (path) => {
  const lines = await start();
  const refusal = async (user: string, more: object = {}) => {
    expect((await ask(path, await tokenOf(user, more))).status).toBe(403);
    return lines.findLast((line) => line.includes(`refused 403 group_required GET ${path}`));
  };
  expect(await refusal('mallory')).toMatch(/: engineering\.$/u);
  expect(await refusal('alice', narrow)).toContain('ask for the scope profile');
});

describe('the groups of a user', () => {
  it('are known where the claim is a list of names, be it empty', async () => {
    await start();
    const known = { groups: [], groupsKnown: true, isPlain: true };
    expect((await ask('/me', await tokenOf('mallory'))).body).toEqual(known);
    expect((await ask('/me', await tokenOf('alice'))).body).toEqual({ ...known, groups: ['engineering'] });
    expect((await ask('/me', await tokenOf('alice', narrow))).body).toEqual({ ...known, groupsKnown: false });
  });

  it('are unknown where the claim is anything else, and then nobody gets in', async () => {
    await start();
    const claim = fc.oneof(fc.jsonValue(), fc.array(fc.oneof(fc.string(), fc.integer(), fc.constant(null))));
    await fc.assert(
      fc.asyncProperty(claim, async (groups) => {
        const names = Array.isArray(groups) && groups.every((group) => typeof group === 'string') ? groups : undefined;
        const expected = names === undefined || names.includes('contractors') ? 403 : 200;
        expect(await statusOf('alice', { claims: { groups } })).toBe(expected);
      }),
      { numRuns: 60 },
    );
  });
});

const machine = async (scopes: readonly string[]) => authentik.mintMachineToken({ scopes });

describe('a machine', () => {
  it('is let in with the scope profile, which tells that its service account is in no group, and not without', async () => {
    await start();
    expect((await ask('/staff', await machine(['openid', 'profile']))).status).toBe(200);
    for (const scopes of [['openid'], []]) {
      const token = await machine(scopes);
      expect(await challengeOf('/staff', token)).toBe(
        `Bearer error="insufficient_scope", scope="${[...scopes, 'profile'].join(' ')}"`,
      );
    }
  });
});

describe('mapUser', () => {
  it('changes nothing of it by passing groups on, whatever it makes of them', async () => {
    await start({
      mapUser: (user) => ({ ...user, groups: user.groups.map((group) => group.toUpperCase()).concat('everybody') }),
    });
    expect(await statusOf('alice')).toBe(200);
    expect(await statusOf('alice', narrow)).toBe(403);
  });

  it('counts where it knows the groups from elsewhere, and says so', async () => {
    const members: Record<string, string[]> = { alice: [], carol: ['contractors'] };
    await start({
      mapUser: (user, { email }) => ({
        ...user,
        groups: members[String(email).split('@')[0] ?? ''] ?? [],
        groupsKnown: true,
      }),
    });
    expect(await statusOf('alice', narrow)).toBe(200);
    expect(await statusOf('carol', narrow)).toBe(403);
  });

  it('that returns a user of its own without a word of it tells nothing', async () => {
    await start({
      mapUser: ({ groupsKnown: _known, ...user }) => ({ ...user, groups: ['everybody'] }) as unknown as AuthentikUser,
    });
    expect(await statusOf('alice')).toBe(403);
  });
});
