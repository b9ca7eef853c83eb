import { decodeJwt, decodeProtectedHeader, generateKeyPair, SignJWT } from 'jose';
import { startEmbeddedAuthentik, type EmbeddedAuthentik } from 'nestjs-authentik-testing';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';

import { type SessionApp, startSessionApp } from './app.js';
import { bendAuthentik, type BentAuthentik } from './bent-authentik.js';
import { Person } from './tab.js';

let authentik: EmbeddedAuthentik;
let bent: BentAuthentik;
let app: SessionApp;

beforeAll(async () => {
  authentik = await startEmbeddedAuthentik({
    applications: [
      { slug: 'mcp-server', clientType: 'public' },
      { slug: 'other', clientType: 'public' },
    ],
  });
  bent = await bendAuthentik(authentik);
  app = await startSessionApp(authentik, {
    options: { internalUrl: bent.url, session: { maxLoginsPerMinute: 10_000, maxCallbacksPerMinute: 10_000 } },
  });
});
afterAll(async () => {
  await app.stop();
  await bent.stop();
  await authentik.stop();
});
afterEach(() => bent.straighten());

const isIn = async (person: Person) => (await person.ask(`${app.url}/auth/user`)).status === 200;
const errorOf = (answer: { json: () => unknown }) => (answer.json() as { error: string }).error;
const programs = { accept: 'application/json' };

describe('whoever wants somebody else to use their session', () => {
  it('plants a cookie: the sign-in gives another one, and the planted one is of no use', async () => {
    const [mallory, alice] = [new Person(authentik, 'mallory'), new Person(authentik)];
    await mallory.signIn(app.url);
    const planted = mallory.atApp.cookies.get('authentik') ?? '';
    alice.atApp.cookies.set('authentik', planted);
    await alice.signIn(app.url);
    expect(alice.atApp.cookies.get('authentik')).not.toBe(planted);
    expect((await alice.ask(`${app.url}/page/me`)).json()).toMatchObject({ username: 'alice' });
    expect(await isIn(mallory)).toBe(false);
  });

  it('plants a cookie with an id that they made up: no session has it', async () => {
    const alice = new Person(authentik);
    alice.atApp.cookies.set('authentik', 's%3Achosen.by-the-attacker');
    await alice.signIn(app.url);
    expect(decodeURIComponent(alice.atApp.cookies.get('authentik') ?? '')).not.toContain('chosen');
    expect(await isIn(alice)).toBe(true);
  });

  it('sends the end of their own sign-in: it is refused in any other browser, and still theirs', async () => {
    const [mallory, alice, bob] = [
      new Person(authentik, 'mallory'),
      new Person(authentik),
      new Person(authentik, 'bob'),
    ];
    const callback = await mallory.back(await mallory.begin(app.url));
    // One browser that never signed in, and one that is about to.
    await alice.begin(app.url);
    for (const victim of [alice, bob]) {
      const refused = await victim.visit(callback, programs);
      expect(refused.status).toBe(403);
      expect(errorOf(refused)).toBe('other_browser');
      expect(await isIn(victim)).toBe(false);
    }
    expect((await mallory.visit(callback)).status).toBe(303);
    expect(await isIn(mallory)).toBe(true);
  });
});

describe('what was used', () => {
  it('a callback works once', async () => {
    const alice = new Person(authentik);
    const callback = await alice.back(await alice.begin(app.url));
    const codes = await Promise.all([alice.visit(callback, programs), alice.visit(callback, programs)]);
    expect(codes.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([303, 409]);
    const replayed = await alice.visit(callback, programs);
    expect(replayed.status).toBe(409);
    expect(errorOf(replayed)).toBe('login_replayed');
  });

  it('a code works once, with a new state too', async () => {
    const alice = new Person(authentik);
    const callback = await alice.back(await alice.begin(app.url));
    await alice.visit(callback);
    const again = await alice.begin(app.url);
    const replayed = new URL(callback);
    replayed.searchParams.set('state', again.searchParams.get('state') ?? '');
    const refused = await alice.visit(replayed, programs);
    expect(refused.status).toBe(409);
    expect(errorOf(refused)).toBe('login_replayed');
  });

  it("a code of somebody else's sign-in is of no use here: its PKCE verifier is another", async () => {
    const [mallory, alice] = [new Person(authentik, 'mallory'), new Person(authentik)];
    const stolen = (await alice.back(await alice.begin(app.url))).searchParams.get('code') ?? '';
    const injected = await mallory.back(await mallory.begin(app.url));
    injected.searchParams.set('code', stolen);
    expect((await mallory.visit(injected, programs)).status).toBe(409);
    expect(await isIn(mallory)).toBe(false);
  });

  it('a sign-in that took too long is over, and says so', async () => {
    const alice = new Person(authentik);
    const callback = await alice.back(await alice.begin(app.url));
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 601_000 });
    try {
      const late = await alice.visit(callback, programs);
      expect(late.status).toBe(410);
      expect(errorOf(late)).toBe('login_expired');
    } finally {
      vi.useRealTimers();
    }
  });
});

describe('a state', () => {
  it.each([
    ['that is missing', ''],
    ['that is none of ours', 'state=st-123'],
    ['of the right form, which nobody gave out', `state=1a.zzzzzz.${'A'.repeat(32)}`],
    ['that is of the wrong sort', `state=${'A'.repeat(200)}`],
  ])('%s is refused', async (_case, query) => {
    const alice = new Person(authentik);
    await alice.begin(app.url);
    const refused = await alice.visit(`${app.url}/auth/callback?code=${'a'.repeat(32)}&${query}`, programs);
    expect(refused.status).toBe(400);
    expect(errorOf(refused)).toBe('wrong_state');
  });

  it('that is wrong does not use the right one up, and an error needs the right one as well', async () => {
    const alice = new Person(authentik);
    const callback = await alice.back(await alice.begin(app.url));
    const state = callback.searchParams.get('state') ?? '';
    const wrong = `${state.slice(0, -1)}${state.endsWith('A') ? 'B' : 'A'}`;
    expect((await alice.visit(`${app.url}/auth/callback?error=access_denied&state=${wrong}`)).status).toBe(409);
    expect((await alice.visit(callback)).status).toBe(303);
  });
});

describe('an answer of Authentik', () => {
  it.each([
    ['access_denied', 403, 'login_denied'],
    ['login_required', 401, 'login_required'],
    ['temporarily_unavailable', 503, 'authentik_unavailable'],
    ['server_error', 502, 'login_failed'],
    ['<script>alert(1)</script>', 502, 'login_failed'],
  ])('that is the error %s is status %d', async (error, status, word) => {
    const alice = new Person(authentik);
    const state = (await alice.begin(app.url)).searchParams.get('state') ?? '';
    const url = `${app.url}/auth/callback?${new URLSearchParams({ error, error_description: '<b>bold</b>', state }).toString()}`;
    const page = await alice.visit(url);
    expect(page.status).toBe(status);
    expect(page.text).not.toContain('<b>bold');
    expect(page.text).not.toContain('<script>');
    expect(page.text).toContain(word);
  });

  it('that names another issuer is refused before the code is sent anywhere; one that names ours is fine', async () => {
    const alice = new Person(authentik);
    const callback = await alice.back(await alice.begin(app.url));
    const asked = () => authentik.requests.filter(({ path }) => path.includes('/token/')).length;
    const before = asked();
    const foreign = new URL(callback);
    foreign.searchParams.set('iss', 'https://evil.example/application/o/mcp-server/');
    const refused = await alice.visit(foreign, programs);
    expect(refused.status).toBe(502);
    expect(errorOf(refused)).toBe('invalid_response');
    expect(asked()).toBe(before);
    callback.searchParams.set('iss', authentik.issuer('mcp-server'));
    expect((await alice.visit(callback)).status).toBe(303);
  });

  it.each(['code=a&code=b', 'code=a&error=b', 'state=x', `code=${'a'.repeat(9000)}`])(
    '%# of the wrong form is not one',
    async (query) => {
      const alice = new Person(authentik);
      const state = (await alice.begin(app.url)).searchParams.get('state') ?? '';
      expect((await alice.visit(`${app.url}/auth/callback?${query}&state=${state}`)).status).toBe(400);
    },
  );
});

/** An ID token with the right signature, other claims and all else as it was. */
const resigned = async (idToken: string, claims: object) =>
  authentik.mintAccessToken({
    user: 'alice',
    application: 'mcp-server',
    claims: { azp: undefined, uid: undefined, scope: undefined, ...decodeJwt(idToken), ...claims },
  });
const bySomebodyElse = async (idToken: string) => {
  const { privateKey } = await generateKeyPair('RS256');
  const { kid = '' } = decodeProtectedHeader(idToken);
  return new SignJWT({ ...decodeJwt(idToken), groups: ['authentik Admins'] })
    .setProtectedHeader({ alg: 'RS256', kid })
    .sign(privateKey);
};
const tampered = (idToken: string) => {
  const [header = '', , signature = ''] = idToken.split('.');
  const claims = { ...decodeJwt(idToken), groups: ['authentik Admins'] };
  return `${header}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.${signature}`;
};
const unsigned = (idToken: string) =>
  `${Buffer.from('{"alg":"none"}').toString('base64url')}.${idToken.split('.')[1]}.`;
const withSecretOfNobody = (idToken: string) =>
  new SignJWT(decodeJwt(idToken))
    .setProtectedHeader({ alg: 'HS256' })
    .sign(new TextEncoder().encode('0123456789012345678901234567890123456789'));

const signInWith = async (bend: (idToken: string) => string | Promise<string>) => {
  bent.bendTokens(async (answer) => ({ ...answer, id_token: await bend(String(answer['id_token'])) }));
  const alice = new Person(authentik);
  const callback = await alice.back(await alice.begin(app.url));
  return { alice, answer: await alice.visit(callback, programs) };
};

describe('an ID token', () => {
  it('that is sound, and was made anew with the right key, lets its person in', async () => {
    const { alice, answer } = await signInWith((idToken) => resigned(idToken, { name: 'Somebody' }));
    expect(answer.status).toBe(303);
    expect(await isIn(alice)).toBe(true);
  });

  it.each<[string, (idToken: string) => string | Promise<string>]>([
    ['has claims that its signature does not cover', tampered],
    ['is signed with another key of the same name', bySomebodyElse],
    ['is not signed (alg none)', unsigned],
    ['is signed with a secret (HS256)', withSecretOfNobody],
    ['has another nonce', (idToken) => resigned(idToken, { nonce: 'swapped' })],
    ['has no nonce', (idToken) => resigned(idToken, { nonce: undefined })],
    ['is for another application', (idToken) => resigned(idToken, { aud: 'other' })],
    [
      'is for several, and issued to another',
      (idToken) => resigned(idToken, { aud: ['mcp-server', 'other'], azp: 'other' }),
    ],
    ['is of another issuer', (idToken) => resigned(idToken, { iss: authentik.issuer('other') })],
    ['lacks the slash of its issuer', (idToken) => resigned(idToken, { iss: authentik.issuer().replace(/\/$/u, '') })],
    ['expired an hour ago', (idToken) => resigned(idToken, { exp: Math.floor(Date.now() / 1000) - 3600 })],
    ['has no subject', (idToken) => resigned(idToken, { sub: undefined })],
    ['is no JWT', () => 'not-a-token'],
  ])('that %s lets nobody in', async (_case, bend) => {
    const { alice, answer } = await signInWith(bend);
    expect(errorOf(answer)).toBe('invalid_response');
    expect(answer.status).toBe(502);
    expect(await isIn(alice)).toBe(false);
  });

  it('that is missing lets nobody in', async () => {
    bent.bendTokens(({ id_token: _idToken, ...answer }) => answer);
    const alice = new Person(authentik);
    const answer = await alice.visit(await alice.back(await alice.begin(app.url)), programs);
    expect(answer.status).toBe(502);
  });
});

async function refuses(returnTo: string): Promise<void> {
  const alice = new Person(authentik);
  const refused = await alice.visit(`${app.url}/auth/login?returnTo=${encodeURIComponent(returnTo)}`, programs);
  expect(refused.status).toBe(400);
  expect(errorOf(refused)).toBe('invalid_return_to');
  expect(refused.location).toBeUndefined();
}

describe('where a sign-in leads', () => {
  it.each([
    '//evil.example',
    '///evil.example',
    '/\\evil.example',
    '\\\\evil.example',
    'https://evil.example/',
    'javascript:alert(1)',
    'evil.example',
    '/%2F%2Fevil.example/..//',
    '/%2fevil.example',
    '/%5Cevil.example',
    '/.//evil.example',
    '/..//evil.example',
    '/\tevil.example',
    '/\n/evil.example',
    '/%09/evil.example',
    '/a b',
    '/%',
    '',
    ' /page',
  ])('is never %j', (returnTo) => refuses(returnTo));

  it('is never an address of more than 2048 characters', () => refuses(`/${'a'.repeat(2048)}`));

  it.each([
    ['/', '/'],
    ['/page?tab=2#row-3', '/page?tab=2#row-3'],
    ['/a?next=https%3A%2F%2Fevil.example%2F', '/a?next=https%3A%2F%2Fevil.example%2F'],
    ['/b%C3%BCcher', '/b%C3%BCcher'],
    ['/auth/login?returnTo=/', '/'],
  ])('may be %s', async (returnTo, expected) => {
    const answer = await new Person(authentik).signIn(app.url, `?returnTo=${encodeURIComponent(returnTo)}`);
    expect(answer.location).toBe(`${app.url}${expected}`);
  });

  it('is one page, and not two', async () => {
    const alice = new Person(authentik);
    expect((await alice.visit(`${app.url}/auth/login?returnTo=/a&returnTo=/b`)).status).toBe(400);
  });
});

describe('too much of something', () => {
  it('in the query is refused', async () => {
    const alice = new Person(authentik);
    expect((await alice.visit(`${app.url}/auth/login?x=${'a'.repeat(9000)}`)).status).toBe(400);
    expect((await alice.visit(`${app.url}/auth/login?x=${'a'.repeat(20_000)}`)).status).toBe(431);
  });

  it('in the cookies is passed over, or refused whole', async () => {
    const alice = new Person(authentik);
    alice.atApp.cookies.set('junk', 'a'.repeat(8000));
    alice.atApp.cookies.set('authentik-login', 'b'.repeat(2000));
    expect((await alice.visit(`${app.url}/auth/login`)).status).toBe(302);
    alice.atApp.cookies.set('authentik', `s%3A${'c'.repeat(3000)}`);
    expect(await isIn(alice)).toBe(false);
    alice.atApp.cookies.set('junk', 'a'.repeat(20_000));
    expect((await alice.visit(`${app.url}/auth/login`)).status).toBe(431);
  });

  it('two cookies that tell browsers apart contradict each other, so neither counts', async () => {
    const alice = new Person(authentik);
    const callback = await alice.back(await alice.begin(app.url));
    const own = alice.atApp.cookies.get('authentik-login') ?? '';
    const cookie = `authentik-login=${'x'.repeat(43)}; authentik-login=${own}`;
    const refused = await new Person(authentik).visit(callback, { ...programs, cookie });
    expect(errorOf(refused)).toBe('other_browser');
    expect((await alice.visit(callback)).status).toBe(303);
  });
});
