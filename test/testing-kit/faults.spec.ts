import { type EmbeddedAuthentik, type EndpointName, startEmbeddedAuthentik } from 'nestjs-authentik-testing';
import { createLocalJWKSet, jwtVerify, type JSONWebKeySet } from 'jose';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

let authentik: EmbeddedAuthentik;
beforeAll(async () => {
  authentik = await startEmbeddedAuthentik();
  // The first asks for the certificate to be made.
  await fetch(authentik.url + paths.jwks);
});
afterEach(() => authentik.clearFaults());
afterAll(() => authentik.stop());

const paths = {
  discovery: '/application/o/mcp-server/.well-known/openid-configuration',
  jwks: '/application/o/mcp-server/jwks/',
  userinfo: '/application/o/userinfo/',
} as const;
type Known = keyof typeof paths;

/** @returns what a client makes of an answer: its status, and whether it could be read; or that there was none */
async function ask(endpoint: Known): Promise<string> {
  try {
    const response = await fetch(authentik.url + paths[endpoint], { signal: AbortSignal.timeout(1500) });
    const text = await response.text();
    try {
      JSON.parse(text);
      return `${response.status} json`;
    } catch {
      return `${response.status} ${response.headers.get('content-type')?.split(';')[0] ?? ''} unreadable`;
    }
  } catch (error) {
    return error instanceof Error && error.name === 'TimeoutError' ? 'no answer in time' : 'no answer';
  }
}

const well = '200 json';
const kinds = [
  ['down', 'no answer'],
  ['slow', 'no answer in time'],
  ['error500', '500 text/html unreadable'],
  ['garbage', '200 application/json unreadable'],
  ['drop', 'no answer'],
] as const;

describe('a fault', () => {
  it.each(kinds)('%s makes every endpoint ill until it is cleared', async (kind, symptom) => {
    await authentik.fault(kind, { delayMs: 60_000 });
    expect([await ask('discovery'), await ask('jwks')]).toEqual([symptom, symptom]);
    await authentik.clearFaults();
    expect([await ask('discovery'), await ask('jwks')]).toEqual([well, well]);
  });

  it.each(kinds)('%s stays at the endpoint that it is for', async (kind, symptom) => {
    await authentik.fault(kind, { endpoint: 'jwks', delayMs: 60_000 });
    expect([await ask('discovery'), await ask('jwks')]).toEqual([well, symptom]);
  });

  it.each(kinds)('%s is over after as many requests as it is for', async (kind, symptom) => {
    await authentik.fault(kind, { endpoint: 'jwks', times: 2, delayMs: 60_000 });
    expect([await ask('jwks'), await ask('jwks'), await ask('jwks')]).toEqual([symptom, symptom, well]);
  });

  it('slow is as late as it is told, and then a sound answer', async () => {
    await authentik.fault('slow', { endpoint: 'jwks', delayMs: 50 });
    const begun = performance.now();
    expect(await ask('jwks')).toBe(well);
    expect(performance.now() - begun).toBeGreaterThanOrEqual(45);
  });

  it('lets requests that it keeps waiting go on when it is cleared', async () => {
    await authentik.fault('slow', { endpoint: 'jwks', delayMs: 60_000 });
    const waiting = fetch(authentik.url + paths.jwks);
    while (authentik.requests.at(-1)?.endpoint !== 'jwks') await new Promise((resolve) => setImmediate(resolve));
    await authentik.clearFaults();
    expect((await waiting).status).toBe(200);
  });

  it('rotateKeys makes tokens of the old key worthless to whoever reads the key set', async () => {
    const verify = async (token: string) => {
      const keys = (await (await fetch(authentik.url + paths.jwks)).json()) as JSONWebKeySet;
      return jwtVerify(token, createLocalJWKSet(keys)).then(
        () => 'verified',
        () => 'refused',
      );
    };
    const old = await authentik.mintAccessToken({ user: 'alice' });
    expect(await verify(old)).toBe('verified');
    await authentik.fault('rotateKeys');
    expect(await verify(old)).toBe('refused');
    expect(await verify(await authentik.mintAccessToken({ user: 'alice' }))).toBe('verified');
  });

  it('refuses to be for an endpoint that there is not, or for no requests', async () => {
    await expect(authentik.fault('down', { endpoint: 'nowhere' as EndpointName })).rejects.toThrow(
      /no endpoint 'nowhere'.*jwks/,
    );
    await expect(authentik.fault('down', { times: 0 })).rejects.toThrow(/times/);
    await expect(authentik.fault('rotateKeys', { endpoint: 'jwks' })).rejects.toThrow(/rotateKeys/);
    expect(await ask('jwks')).toBe(well);
  });
});

describe('the request log', () => {
  it('tells how often a client called what, and how it was answered, without what it sent', async () => {
    await ask('userinfo');
    authentik.clearRequests();
    await ask('discovery');
    await ask('jwks');
    await ask('jwks');
    await fetch(`${authentik.url}${paths.userinfo}?access_token=a-secret`);
    const asked = authentik.requests;
    expect(asked.map(({ endpoint, status }) => [endpoint, status])).toEqual([
      ['discovery', 200],
      ['jwks', 200],
      ['jwks', 200],
      ['userinfo', 401],
    ]);
    expect(JSON.stringify(asked)).not.toContain('a-secret');
    expect(authentik.requestsTo('jwks')).toHaveLength(2);
  });

  it('knows requests that were never answered', async () => {
    await authentik.fault('drop', { endpoint: 'jwks' });
    await ask('jwks');
    expect(authentik.requests.at(-1)).toMatchObject({ endpoint: 'jwks', status: undefined });
  });
});

describe('the clock', () => {
  afterEach(() => authentik.clock.reset());

  it('stands still, moves on and goes back without touching the time of the process', async () => {
    const real = Date.now();
    const at = new Date('2030-01-01T00:00:00Z');
    authentik.clock.freeze(at);
    const seconds = at.getTime() / 1000;
    expect(authentik.clock.nowSeconds()).toBe(seconds);
    authentik.clock.advanceSeconds(90);
    expect(authentik.clock.nowSeconds()).toBe(seconds + 90);
    const token = await authentik.mintAccessToken({ user: 'alice' });
    const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as { iat: number };
    expect(claims.iat).toBe(seconds + 90);
    authentik.clock.reset();
    expect(Math.abs(authentik.clock.nowMs() - Date.now())).toBeLessThan(1000);
    expect(Date.now() - real).toBeLessThan(60_000);
  });

  it('ends what was issued, to the second', async () => {
    authentik.clock.freeze();
    const token = await authentik.mintAccessToken({ user: 'alice', expiresInSeconds: 60 });
    const status = async () =>
      (await fetch(authentik.url + paths.userinfo, { headers: { authorization: `Bearer ${token}` } })).status;
    authentik.clock.advanceSeconds(59);
    expect(await status()).toBe(200);
    authentik.clock.advanceSeconds(1);
    expect(await status()).toBe(401);
  });
});
