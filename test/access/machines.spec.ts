import { Controller, Get, type INestApplication } from '@nestjs/common';
import { AllowedGroups, Authenticated, type AuthentikUser, CurrentUser } from 'nestjs-authentik';
import { type EmbeddedAuthentik, startEmbeddedAuthentik } from 'nestjs-authentik-testing';
import request from 'supertest';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { startRestApp } from '../harness/rest-app.js';

@Controller('reports')
class ReportsController {
  @Get() @Authenticated() list(@CurrentUser() { kind, username, groups, sessionId }: AuthentikUser) {
    return { kind, username, groups, sessionId: sessionId ?? null };
  }
  @Get('team') @AllowedGroups('robots') team() {
    return 'in';
  }
}

// What Authentik calls the service account that it makes for client_credentials.
const service = 'ak-mcp-server-client_credentials';

let authentik: EmbeddedAuthentik;
let app: INestApplication;
beforeAll(async () => {
  authentik = await startEmbeddedAuthentik({
    users: [{ username: service }, { username: `${service}-imitated`, groups: ['robots'] }, { username: 'alice' }],
  });
  app = await startRestApp(authentik.url, { controllers: [ReportsController] });
});
afterAll(async () => {
  await app.close();
  await authentik.stop();
});

/** A token as the client_credentials grant gives it: of the service account, without a browser session. */
const machineToken = (groups: readonly string[]) =>
  authentik.mintAccessToken({ user: service, claims: { sid: undefined, amr: undefined, groups } });
const ask = (path: string, token: string) => request(app.getHttpServer()).get(path).auth(token, { type: 'bearer' });

describe('a machine', () => {
  it('is who its client_credentials say, by a real grant', async () => {
    const [application] = authentik.applications;
    const answer = await fetch(`${authentik.url}/application/o/token/`, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'client_credentials',
        client_id: application?.clientId ?? '',
        client_secret: application?.clientSecret ?? '',
        scope: 'openid profile',
      }),
    });
    const { access_token: token } = (await answer.json()) as { access_token: string };
    expect((await ask('/reports', token)).body).toEqual({
      kind: 'service',
      username: 'ak-MCP server-client_credentials',
      groups: [],
      sessionId: null,
    });
    expect((await ask('/reports/team', token)).status).toBe(403);
  });

  it('is a service, with the groups of its service account: usually none', async () => {
    const { body } = await ask('/reports', await machineToken([]));
    expect(body).toEqual({ kind: 'service', username: service, groups: [], sessionId: null });
  });

  it('is refused where a group is asked for, unless Authentik gives it that group', async () => {
    expect((await ask('/reports/team', await machineToken([]))).status).toBe(403);
    expect((await ask('/reports/team', await machineToken(['robots']))).status).toBe(200);
  });

  it('is not a person who chose its name, nor the other way round', async () => {
    const imitated = await ask('/reports', await authentik.mintAccessToken({ user: service }));
    expect(imitated.body).toMatchObject({ kind: 'person' });
    const named = { sid: undefined };
    const other = await ask(
      '/reports',
      await authentik.mintAccessToken({ user: `${service}-imitated`, claims: named }),
    );
    expect(other.body).toMatchObject({ kind: 'person' });
  });
});
