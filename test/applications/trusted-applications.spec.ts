import { Controller, Get, type INestApplication } from '@nestjs/common';
import { type AuthentikUser, Authenticated, CurrentUser } from 'nestjs-authentik';
import { type EmbeddedAuthentik, startEmbeddedAuthentik } from 'nestjs-authentik-testing';
import { decodeJwt } from 'jose';
import request from 'supertest';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { startRestApp } from '../harness/rest-app.js';

@Controller('reports')
class ReportsController {
  @Get() @Authenticated() list(@CurrentUser() user: AuthentikUser) {
    return { clientId: user.clientId, issuer: user.issuer };
  }
}

const slugs = ['mcp-server', 'mobile', 'web', 'stranger'] as const;
const trusted = ['mcp-server', 'mobile', 'web'];

describe.each(['per_provider', 'global'] as const)('several applications, issuer mode %s', (issuerMode) => {
  let authentik: EmbeddedAuthentik;
  let app: INestApplication;

  beforeAll(async () => {
    authentik = await startEmbeddedAuthentik({
      applications: slugs.map((slug) => ({ slug, clientId: `${slug}-client`, clientType: 'public', issuerMode })),
    });
    app = await startRestApp(authentik.url, {
      controllers: [ReportsController],
      options: {
        clientId: 'mcp-server-client',
        issuerMode,
        trustedApplications: ['mobile', 'web'].map((slug) => ({ applicationSlug: slug, clientId: `${slug}-client` })),
      },
    });
  });
  afterAll(async () => {
    await app.close();
    await authentik.stop();
  });

  const ask = (token: string) => request(app.getHttpServer()).get('/reports').auth(token, { type: 'bearer' });
  const tokenOf = async (application: string) =>
    (await authentik.bearer('alice', { application })).authorization.replace('Bearer ', '');

  it.each(slugs)('a token of %s', async (slug) => {
    const token = await tokenOf(slug);
    const response = await ask(token);
    expect(response.status).toBe(trusted.includes(slug) ? 200 : 401);
    if (response.status === 200) {
      expect(response.body).toEqual({ clientId: `${slug}-client`, issuer: decodeJwt(token).iss });
    }
  });

  const pairs = slugs.flatMap((issuer) =>
    slugs.filter((slug) => slug !== issuer).map((audience) => [issuer, audience]),
  );
  it.each(pairs)('the issuer of %s with the audience of %s is 401', async (issuer, audience) => {
    const claims = { aud: `${audience}-client`, azp: `${audience}-client` };
    const token = await authentik.mintAccessToken({ user: 'alice', application: issuer, claims });
    // With one issuer for all, audience and client are what tells applications apart, so this is a token of `audience`.
    const isSound = issuerMode === 'global' && trusted.includes(audience);
    expect((await ask(token)).status).toBe(isSound ? 200 : 401);
  });

  it.each(pairs)('the client %s with the audience of %s is 401', async (client, audience) => {
    const token = await authentik.mintAccessToken({
      user: 'alice',
      application: client,
      claims: { aud: `${audience}-client` },
    });
    expect((await ask(token)).status).toBe(401);
  });
});
