import * as fc from 'fast-check';
import { startEmbeddedAuthentik, type EmbeddedAuthentik } from 'nestjs-authentik-testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { endpointsOf } from '../../../libs/authentik-testing/src/embedded/endpoints/index.js';
import { habitsOf } from '../../../libs/authentik-testing/src/embedded/versions.js';
import { Browser } from '../browser.js';
import { CALLBACK, CHALLENGE, redeem, signInForCode, VERIFIER } from '../client.js';
import { checkAnswer } from './answers.js';
import { requestsTo, type Vocabulary } from './requests.js';
import { send } from './send.js';

/** More of them: `FUZZ_RUNS=5000 npx vitest run test/embedded/fuzz`. */
const RUNS = Number(process.env['FUZZ_RUNS'] ?? 60);

const SECRET = 'web-secret-0123456789abcdef';
const APP_PASSWORD = 'app-password-of-alice-0123456789';

const APPLICATIONS = [
  { slug: 'mcp-server' },
  { slug: 'web', clientSecret: SECRET, consent: 'explicit' as const },
  { slug: 'bound', bindings: [{ group: 'nobody-is-in-it' }] },
  { slug: 'without-key', clientSecret: SECRET, signing: 'HS256' as const },
  { slug: 'elliptic', signing: 'ES256' as const, issuerMode: 'global' as const },
  { slug: 'encrypted', encrypted: true },
  { slug: 'without-grants', grantTypes: [] },
  { slug: 'link', withProvider: false },
  {
    slug: 'leaving',
    redirectUris: [
      CALLBACK,
      'cursor://app/callback',
      { matchingMode: 'regex' as const, url: '(((' },
      { matchingMode: 'strict' as const, url: 'https://leaving.example/bye', redirectUriType: 'logout' as const },
    ],
  },
];

describe.each(['2024.8', '2025.2', '2026.8'])('requests of any kind to Authentik %s', (version) => {
  let authentik: EmbeddedAuthentik;
  let vocabulary: Vocabulary;
  let secrets: string[];
  beforeAll(async () => {
    authentik = await startEmbeddedAuthentik({
      version,
      users: [
        { username: 'alice', appPasswords: [APP_PASSWORD] },
        { username: 'bob', isActive: false },
      ],
      applications: APPLICATIONS,
    });
    ({ vocabulary, secrets } = await prepare(authentik));
  });
  afterAll(() => authentik.stop());

  const patterns = new Set([...endpointsOf(habitsOf(version)).map(({ path }) => path), '/{*path}']);
  it.each([...patterns])(
    '%s answers as Authentik could',
    async (pattern) => {
      await fc.assert(
        fc.asyncProperty(
          // The vocabulary is there once the server is.
          fc.constant(pattern).chain((path) => requestsTo(path, vocabulary)),
          async (request) => {
            const before = authentik.requests.at(-1);
            const answer = await send(authentik.port, request);
            const last = authentik.requests.at(-1);
            checkAnswer(request, answer, last === before ? undefined : last, secrets);
          },
        ),
        { numRuns: RUNS },
      );
      expect(
        (await send(authentik.port, { method: 'GET', path: '/-/health/live/', headers: {}, body: undefined })).status,
      ).toBe(200);
    },
    120_000,
  );
});

/** Fills the vocabulary with what the server has given out, so that requests get past the first checks. */
async function prepare(authentik: EmbeddedAuthentik) {
  const alice = { username: 'alice', password: authentik.password };
  const cookies: string[] = [];
  const codes: string[] = [];
  for (let count = 0; count < 4; count += 1) {
    const browser = new Browser();
    codes.push(await signInForCode(authentik, { scope: 'openid offline_access' }, 'alice', browser));
    cookies.push(browser.cookie('authentik_session') ?? '');
  }
  const granted = await redeem(authentik, codes.pop() ?? '');
  const { access_token, refresh_token, id_token } = granted.body as Record<string, string>;
  const tokens = [access_token ?? '', await authentik.mintAccessToken({ user: 'alice', application: 'web' })];
  const clients = authentik.applications.map(({ clientId }) => clientId);
  const secrets = [SECRET, APP_PASSWORD, alice.password, ...authentik.applications.map((one) => one.clientSecret)];
  const words = {
    slug: [...clients, 'link', 'nobody'],
    path: ['application/o/token', 'if/flow/unknown/', 'static/x.js', 'favicon.ico'],
    client_id: [...clients, 'nobody'],
    client_secret: [...secrets, Buffer.from(`alice:${APP_PASSWORD}`).toString('base64')],
    redirect_uri: [CALLBACK, CALLBACK, 'cursor://app/callback', 'https://evil.example/', 'javascript:alert(1)'],
    response_type: [
      'code',
      'id_token',
      'id_token token',
      'code token',
      'code id_token',
      'code id_token token',
      'token',
    ],
    response_mode: ['query', 'fragment', 'form_post', 'x'],
    scope: ['openid', 'openid profile email offline_access', 'goauthentik.io/api openid', 'groups'],
    state: ['st-123', 'a&b#c', '#'],
    nonce: ['n-1'],
    prompt: ['none', 'login', 'consent', 'none consent', 'select_account'],
    max_age: ['0', '-1', '60', 'x'],
    ui_locales: ['de', 'xx'],
    login_hint: ['alice'],
    request: ['x'],
    code_challenge: [CHALLENGE, VERIFIER],
    code_challenge_method: ['S256', 'plain', 'S512'],
    code_verifier: [VERIFIER],
    grant_type: [
      'authorization_code',
      'refresh_token',
      'client_credentials',
      'password',
      'urn:ietf:params:oauth:grant-type:device_code',
      'urn:ietf:params:oauth:grant-type:token-exchange',
    ],
    code: [...codes, '000000000', '123456789'],
    device_code: ['x'],
    refresh_token: [refresh_token ?? ''],
    access_token: tokens,
    token: [...tokens, refresh_token ?? '', id_token ?? ''],
    token_type_hint: ['access_token', 'refresh_token'],
    username: ['alice', 'bob'],
    password: [APP_PASSWORD],
    client_assertion_type: ['urn:ietf:params:oauth:client-assertion-type:jwt-bearer'],
    client_assertion: tokens,
    uid_field: ['alice', 'alice@example.test', 'bob'],
    answer: ['agree', 'refuse'],
    component: ['ak-stage-identification', 'ak-stage-password', 'ak-stage-consent'],
    query: ['next=/', 'client_id=web'],
    next: ['/', '//evil.example', `/application/o/authorize/?client_id=web&redirect_uri=${CALLBACK}`],
    id_token_hint: [id_token ?? ''],
    post_logout_redirect_uri: ['https://leaving.example/bye', CALLBACK],
    resource: ['acct:alice@example.test'],
    rel: ['http://openid.net/specs/connect/1.0/issuer'],
    cookie: cookies,
    origin: ['http://127.0.0.1:49152', 'https://evil.example', 'null'],
  };
  const request = { client_id: 'mcp-server', redirect_uri: CALLBACK, response_type: 'code', state: 'st-123' };
  const web = { client_id: 'web', client_secret: SECRET };
  const sentences: Vocabulary['sentences'] = [
    request,
    { ...request, code_challenge: CHALLENGE, code_challenge_method: 'S256', scope: 'openid offline_access' },
    { ...request, client_id: 'web' },
    { ...request, client_id: 'bound', prompt: 'none' },
    { ...request, client_id: 'leaving', redirect_uri: 'cursor://app/callback', prompt: 'none' },
    { ...request, response_type: 'id_token token', nonce: 'n-1' },
    { ...request, response_type: 'code id_token', nonce: 'n-1', response_mode: 'form_post' },
    ...codes.map((code) => ({
      grant_type: 'authorization_code',
      client_id: 'mcp-server',
      redirect_uri: CALLBACK,
      code,
    })),
    { grant_type: 'refresh_token', client_id: 'mcp-server', refresh_token: refresh_token ?? '' },
    { grant_type: 'client_credentials', ...web, scope: 'openid profile' },
    { grant_type: 'password', client_id: 'web', username: 'alice', password: APP_PASSWORD },
    ...tokens.map((token) => ({ ...web, token })),
    { client_id: 'mcp-server', token: refresh_token ?? '' },
    { uid_field: 'alice', password: alice.password },
    { id_token_hint: id_token ?? '', post_logout_redirect_uri: 'https://leaving.example/bye', state: 'st-123' },
    { client_id: 'mcp-server', scope: 'openid' },
  ];
  return { vocabulary: { words, sentences }, secrets };
}
