import * as v2 from '@modelcontextprotocol/client';
import * as v1 from '@modelcontextprotocol/sdk/client/auth.js';
import { Controller, Get, type INestApplication } from '@nestjs/common';
import {
  AllowedGroups,
  Authenticated,
  type AuthentikOptions,
  ProhibitedGroups,
  type RefusalReason,
  RequiredScopes,
} from 'nestjs-authentik';
import { type EmbeddedAuthentik, startEmbeddedAuthentik } from 'nestjs-authentik-testing';
import request from 'supertest';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { refusalReasons } from '../../libs/authentik/src/errors/index.js';
import { Revocations } from '../../libs/authentik/src/tokens/verify/revocations.js';
import { letPass } from '../harness/let-pass.js';
import { recordLog } from '../harness/log-lines.js';
import { startRestApp } from '../harness/rest-app.js';

const served: string[] = [];

@Controller()
class Handlers {
  @Get('any') @Authenticated() any() {
    served.push('any');
    return {};
  }
  @Get('team') @AllowedGroups('engineering') team() {
    served.push('team');
    return {};
  }
  @Get('others') @ProhibitedGroups('engineering') others() {
    served.push('others');
    return {};
  }
  @Get('scoped') @RequiredScopes('reports:read') scoped() {
    served.push('scoped');
    return {};
  }
}

interface Attempt {
  readonly path: string;
  /** The whole `Authorization` header; absent for none. */
  readonly authorization?: string;
}

interface Row {
  readonly refused: () => Attempt | Promise<Attempt>;
  /** The neighbour: the same with one thing changed, which is served. */
  readonly served: () => Attempt | Promise<Attempt>;
  readonly status: number;
  /** The whole challenge; absent where none is sent. */
  readonly challenge?: string;
  readonly error: string;
  readonly description: string;
  /** Whether the log line can say whose request it was. */
  readonly known?: boolean;
  /** What the log line has to say besides. */
  readonly why?: string;
  readonly options?: () => Partial<AuthentikOptions>;
  readonly before?: (app: INestApplication) => Promise<void>;
}

let authentik: EmbeddedAuthentik;
beforeAll(async () => {
  authentik = await startEmbeddedAuthentik({
    applications: [
      { slug: 'mcp-server', clientType: 'confidential', scopeMappings: { 'reports:read': {} } },
      { slug: 'other', clientType: 'confidential' },
    ],
  });
});
afterAll(() => authentik.stop());

const bearer = async (path: string, user: string, more: object = {}): Promise<Attempt> => ({
  path,
  authorization: `Bearer ${await authentik.mintAccessToken({ user, ...more })}`,
});
type Broken = Parameters<EmbeddedAuthentik['mintBroken']>[0]['kind'];
const broken = async (kind: Broken): Promise<Attempt> => ({
  path: '/any',
  authorization: `Bearer ${await authentik.mintBroken({ kind, user: 'alice' })}`,
});

const metadata = 'resource_metadata="http://localhost:3000/.well-known/oauth-protected-resource"';
const scope = 'scope="openid profile email"';
const invalidToken = {
  status: 401,
  error: 'invalid_token',
  description: 'The access token is not valid here',
  challenge: `Bearer error="invalid_token", ${scope}, ${metadata}, error_description="The access token is not valid here"`,
  served: () => bearer('/any', 'alice'),
};
const forbidden = {
  status: 403,
  error: 'forbidden',
  description: 'You are not allowed to do this',
  challenge: `Bearer ${metadata}`,
  known: true,
};

let revoked: Attempt = { path: '/any' };

/** Every reason that a route can show. */
const table: Partial<Record<RefusalReason, Row>> = {
  no_credential: {
    refused: () => ({ path: '/any' }),
    served: () => bearer('/any', 'alice'),
    status: 401,
    error: 'unauthorized',
    description: 'An access token is needed',
    challenge: `Bearer ${scope}, ${metadata}`,
  },
  malformed_credential: {
    refused: async () => {
      const { path, authorization } = await bearer('/any', 'alice');
      return { path, authorization: `${authorization} again` };
    },
    served: () => bearer('/any', 'alice'),
    status: 400,
    error: 'invalid_request',
    description: 'The credential is malformed or was sent twice',
    challenge: `Bearer error="invalid_request", ${metadata}, error_description="The credential is malformed or was sent twice"`,
  },
  token_malformed: { ...invalidToken, refused: () => broken('garbage') },
  token_algorithm: { ...invalidToken, refused: () => broken('algNone') },
  token_unknown_key: { ...invalidToken, refused: () => broken('unknownKey') },
  token_signature: { ...invalidToken, refused: () => broken('badSignature') },
  token_issuer: { ...invalidToken, refused: () => broken('otherIssuer'), known: true },
  token_audience: {
    ...invalidToken,
    refused: async () => bearer('/any', 'alice', { claims: { aud: 'other' } }),
    known: true,
  },
  token_expired: { ...invalidToken, refused: () => broken('expired'), known: true },
  token_not_yet_valid: { ...invalidToken, refused: () => broken('notYetValid'), known: true },
  token_not_an_access_token: { ...invalidToken, refused: () => broken('idToken') },
  token_claims: {
    ...invalidToken,
    refused: async () => bearer('/any', 'alice', { claims: { sub: '' } }),
  },
  token_revoked: {
    ...invalidToken,
    before: async (app) => {
      revoked = await bearer('/any', 'alice');
      await app.get(Revocations).revokeToken(revoked.authorization?.split(' ')[1] ?? '');
    },
    refused: () => revoked,
  },
  token_inactive: {
    ...invalidToken,
    refused: () => ({ path: '/any', authorization: 'Bearer opaque' }),
    options: () => ({ clientSecret: authentik.applications[0]?.clientSecret ?? '' }),
  },
  group_required: {
    ...forbidden,
    refused: async () => bearer('/team', 'bob'),
    served: async () => bearer('/team', 'alice'),
  },
  group_prohibited: {
    ...forbidden,
    refused: async () => bearer('/others', 'alice'),
    served: async () => bearer('/others', 'bob'),
  },
  groups_unknown: {
    refused: async () => bearer('/others', 'bob', { scopes: ['openid', 'offline_access'] }),
    served: async () => bearer('/others', 'bob', { scopes: ['openid', 'profile'] }),
    status: 403,
    error: 'insufficient_scope',
    description: 'The access token lacks a scope',
    challenge: `Bearer error="insufficient_scope", scope="openid profile", ${metadata}, error_description="The access token lacks a scope"`,
    known: true,
  },
  scope_required: {
    refused: async () => bearer('/scoped', 'alice', { scopes: ['openid', 'profile', 'offline_access'] }),
    served: async () => bearer('/scoped', 'alice', { scopes: ['openid', 'profile', 'reports:read'] }),
    status: 403,
    error: 'insufficient_scope',
    description: 'The access token lacks a scope',
    challenge: `Bearer error="insufficient_scope", scope="openid profile reports:read", ${metadata}, error_description="The access token lacks a scope"`,
    known: true,
  },
  user_rejected: {
    ...forbidden,
    known: false,
    refused: async () => bearer('/any', 'mallory'),
    served: async () => bearer('/any', 'alice'),
    options: () => ({
      mapUser: (user) => {
        if (user.username === 'mallory') throw new Error('mallory left the company');
        return user;
      },
    }),
  },
  authentik_unavailable: {
    refused: async () => bearer('/any', 'alice'),
    served: async () => {
      await authentik.clearFaults();
      return bearer('/any', 'alice');
    },
    options: () => ({ tokens: { staleKeysSeconds: 0 } }),
    before: async () => {
      await authentik.fault('error500');
      // What the start has read of keys counts no more.
      letPass(6 * 60 * 1000);
    },
    status: 503,
    why: '500',
    error: 'temporarily_unavailable',
    description: 'The authorization server cannot be asked now; try again later',
  },
};

it('the table has a row for every reason that a route can show', () => {
  // Of browsers: test/session-*.
  const elsewhere = ['cross_site', 'too_many_requests', 'logout_token', 'unsupported_transport', 'internal'];
  expect([...Object.keys(table), ...elsewhere]).toEqual(refusalReasons);
});

describe.each(Object.entries(table))('%s', (reason, row) => {
  it('leaves as the table says, with one line in the log, beside a neighbour that is served', async () => {
    const { lines, logger } = recordLog();
    const app = await startRestApp(authentik.url, {
      controllers: [Handlers],
      logger,
      ...(row.options && { options: row.options() }),
    });
    const ask = ({ path, authorization }: Attempt) =>
      request(app.getHttpServer())
        .get(`${path}?access_token=in-the-query`)
        .set({ 'x-request-id': 'of-this-request', ...(authorization !== undefined && { authorization }) });
    try {
      await row.before?.(app);
      served.length = 0;
      lines.length = 0;
      const attempt = await row.refused();
      const response = await ask(attempt);

      expect(response.status).toBe(row.status);
      expect(response.body).toEqual({
        statusCode: row.status,
        error: row.error,
        error_description: row.description,
        message: row.description,
      });
      expect(response.headers['cache-control']).toBe('no-store');
      expect(response.headers['www-authenticate']).toBe(row.challenge);
      if (row.status === 503) expect(response.headers['retry-after']).toMatch(/^[1-9]\d*$/u);
      if (row.challenge !== undefined) parsedAlike(row.challenge);
      expect(served).toEqual([]);

      const refusals = lines.filter((line) => /^(?:log|warn) refused /u.test(line));
      expect(refusals).toEqual([
        expect.stringMatching(
          new RegExp(`refused ${row.status} ${reason} GET ${attempt.path} .*request=of-this-request `, 'u'),
        ),
      ]);
      if (row.why !== undefined) expect(refusals[0]).toContain(row.why);
      if (row.known === true) expect(refusals[0]).toMatch(/client=\S+ sub=\S+/u);
      expect(lines.join('\n')).not.toContain('in-the-query');
      const token = attempt.authorization?.split(' ')[1] ?? '';
      if (token.length > 20) expect(lines.join('\n')).not.toContain(token);

      const neighbour = await row.served();
      await expect.poll(async () => (await ask(neighbour)).status, { timeout: 5_000, interval: 100 }).toBe(200);
      expect(served).toEqual([neighbour.path.slice(1)]);
    } finally {
      await authentik.clearFaults();
      await app.close();
    }
  });
});

/** The parsers of both SDK lines read the same from a challenge, and what it says. */
function parsedAlike(challenge: string): void {
  const response = new Response(null, { status: 401, headers: { 'www-authenticate': challenge } });
  const expected = {
    ...(challenge.includes('resource_metadata') && {
      resourceMetadataUrl: new URL('http://localhost:3000/.well-known/oauth-protected-resource'),
    }),
    ...(challenge.includes('scope="') && { scope: / ?scope="([^"]*)"/u.exec(challenge)?.[1] }),
    ...(challenge.includes('error="') && { error: /\berror="([^"]*)"/u.exec(challenge)?.[1] }),
  };
  for (const { extractWWWAuthenticateParams: parse } of [v1, v2]) expect(parse(response)).toMatchObject(expected);
}
