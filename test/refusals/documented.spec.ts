import { readFileSync } from 'node:fs';

import { Controller, Get, type INestApplication } from '@nestjs/common';
import { Authenticated } from 'nestjs-authentik';
import { type EmbeddedAuthentik, startEmbeddedAuthentik } from 'nestjs-authentik-testing';
import request from 'supertest';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { recordLog } from '../harness/log-lines.js';
import { startRestApp } from '../harness/rest-app.js';

const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
const rowOf = (reason: string) => readme.split('\n').find((line) => line.startsWith(`| \`${reason}\``)) ?? '';

@Controller('any')
class Handlers {
  @Get() @Authenticated() any() {
    return {};
  }
}

let authentik: EmbeddedAuthentik;
let app: INestApplication;
const { lines, logger } = recordLog();

const broken = async (kind: 'idToken' | 'refreshToken' | 'encrypted') =>
  `Bearer ${await authentik.mintBroken({ kind, user: 'alice' })}`;

/** What is sent, and as what the manual says it is refused: by an app without a client secret, and by one with. */
const sent: [string, () => string | Promise<string>, Record<'public' | 'confidential', string>, says: string][] = [
  ['Basic', () => 'Basic YWxpY2U6c2VjcmV0', both('401 no_credential'), 'another scheme, such as `Basic`'],
  ['a scheme alone', () => 'Bearer', both('400 malformed_credential'), 'not `Bearer` and one token'],
  ['the scheme twice', () => 'Bearer Bearer opaque', both('400 malformed_credential'), 'not `Bearer` and one token'],
  ['an ID token', () => broken('idToken'), both('401 token_not_an_access_token'), 'An ID token'],
  [
    'a refresh token',
    () => broken('refreshToken'),
    { public: '401 token_malformed', confidential: '401 token_not_an_access_token' },
    'refresh token',
  ],
  [
    'an opaque token',
    () => 'Bearer an-app-password',
    { public: '401 token_malformed', confidential: '401 token_inactive' },
    'app password',
  ],
  [
    'an encrypted token of somebody else',
    () => broken('encrypted'),
    { public: '401 token_malformed', confidential: '401 token_inactive' },
    'encrypted',
  ],
];

function both(answer: string) {
  return { public: answer, confidential: answer };
}

describe.each(['public', 'confidential'] as const)(
  'what the manual says of refusals is true for a %s client',
  (type) => {
    beforeAll(async () => {
      authentik = await startEmbeddedAuthentik({ applications: [{ slug: 'mcp-server', clientType: type }] });
      const clientSecret = authentik.applications[0]?.clientSecret ?? '';
      app = await startRestApp(authentik.url, {
        controllers: [Handlers],
        logger,
        options: { ...(type === 'confidential' && { clientSecret }) },
      });
    });
    afterAll(async () => {
      await app.close();
      await authentik.stop();
    });

    it.each(sent)('%s', async (_what, authorization, answers, says) => {
      lines.length = 0;
      const [status, reason = ''] = answers[type].split(' ');
      await request(app.getHttpServer())
        .get('/any')
        .set('authorization', await authorization())
        .expect(Number(status));
      expect(lines.filter((line) => line.includes('refused '))).toEqual([
        expect.stringContaining(`refused ${answers[type]} `),
      ]);
      expect(rowOf(reason)).toContain(says);
    });

    it('more header than Node takes never comes to us', async () => {
      lines.length = 0;
      await request(app.getHttpServer())
        .get('/any')
        .set('authorization', `Bearer ${'a'.repeat(16 * 1024)}`)
        .expect(431);
      expect(lines.filter((line) => line.includes('refused '))).toEqual([]);
      expect(rowOf('malformed_credential')).toContain('431');
    });
  },
);
