import { type EmbeddedAuthentik, startEmbeddedAuthentik } from 'nestjs-authentik-testing';
import * as client from 'openid-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { Browser } from '../browser.js';
import { VERSIONS } from './versions.js';

const redirectUri = 'http://localhost:49152/callback';
const bye = 'http://localhost:49152/bye';
const secret = 'SecretOfTheWebApplication42';
/** Has what the library percent-encodes in a header. */
const punctuated = 'secret-of-the-web-application';
const insecure = { execute: [client.allowInsecureRequests] };

/** Applications that differ in how they sign, who they are, and how they are named. */
const applications = [
  { slug: 'web', clientSecret: secret },
  { slug: 'punctuated', clientSecret: punctuated },
  { slug: 'native' },
  { slug: 'elliptic', signing: 'ES256' },
  { slug: 'symmetric', clientSecret: secret, signing: 'HS256' },
  { slug: 'asking', clientSecret: secret, consent: 'explicit' },
  {
    slug: 'leaving',
    clientSecret: secret,
    redirectUris: [
      { matchingMode: 'strict', url: redirectUri },
      { matchingMode: 'strict', url: bye, redirectUriType: 'logout' },
    ],
  },
  { slug: 'shared', clientSecret: secret, issuerMode: 'global' },
] as const;

let authentik: EmbeddedAuthentik;

/** As its manual says: discovery by the issuer, and what the client knows of itself. */
function discover(slug: string, metadata: Partial<client.ClientMetadata> = {}): Promise<client.Configuration> {
  const known = authentik.applications.find((application) => application.slug === slug);
  const isPublic = known?.clientType === 'public';
  return client.discovery(
    new URL(authentik.issuer(slug)),
    slug,
    { ...(!isPublic && { client_secret: secret }), ...metadata },
    isPublic ? client.None() : undefined,
    insecure,
  );
}

/** A sign-in with everything that the library can check. */
async function signIn(configuration: client.Configuration, browser = new Browser()) {
  const pkceCodeVerifier = client.randomPKCECodeVerifier();
  const [expectedState, expectedNonce] = [client.randomState(), client.randomNonce()];
  const url = client.buildAuthorizationUrl(configuration, {
    redirect_uri: redirectUri,
    scope: 'openid profile email offline_access',
    state: expectedState,
    nonce: expectedNonce,
    code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: 'S256',
  });
  const back = await browser.authorize(url, authentik.credentials('alice'));
  const checks = { pkceCodeVerifier, expectedState, expectedNonce, idTokenExpected: true };
  return client.authorizationCodeGrant(configuration, back, checks);
}

describe.each(VERSIONS)('openid-client before Authentik %s', (version) => {
  // Recorded: 2025.2.3 takes the parts of Basic as they stand, 2026.5.0-rc1 decodes them.
  const decodesBasic = version.startsWith('2026');
  // Logout URIs have a type of their own since 2026.5; before, the browser stays with Authentik.
  const followsTypedUris = version.startsWith('2026');
  beforeAll(async () => {
    authentik = await startEmbeddedAuthentik({ version, applications });
  });
  afterAll(() => authentik.stop());

  it.each(['web', 'native', 'elliptic', 'asking'])('signs a person of %s in, and checks all it can', async (slug) => {
    const configuration = await discover(slug, slug === 'elliptic' ? { id_token_signed_response_alg: 'ES256' } : {});
    client.enableNonRepudiationChecks(configuration);
    const tokens = await signIn(configuration);
    const claims = tokens.claims();
    expect(claims).toMatchObject({ iss: authentik.issuer(slug), aud: slug, preferred_username: 'alice' });
    const told = await client.fetchUserInfo(configuration, tokens.access_token, claims?.sub ?? '');
    expect(told).toMatchObject({ sub: claims?.sub, groups: ['engineering', 'mcp-users'] });

    const refreshed = await client.refreshTokenGrant(configuration, tokens.refresh_token ?? '');
    expect(refreshed.claims()?.sub).toBe(claims?.sub);
    await expect(client.refreshTokenGrant(configuration, tokens.refresh_token ?? '')).rejects.toMatchObject({
      error: 'invalid_grant',
    });
  });

  it('takes tokens that are signed with the client secret, as its client is told to', async () => {
    const tokens = await signIn(await discover('symmetric', { id_token_signed_response_alg: 'HS256' }));
    expect(tokens.claims()?.['preferred_username']).toBe('alice');
    const expectsAnother = await discover('symmetric', { id_token_signed_response_alg: 'RS256' });
    await expect(signIn(expectsAnother)).rejects.toMatchObject({
      cause: { message: expect.stringContaining('"alg"') as unknown },
    });
  });

  it('authenticates by header and by form, and not with another secret', async () => {
    for (const authentication of [client.ClientSecretBasic(secret), client.ClientSecretPost(secret)]) {
      const url = new URL(authentik.issuer('web'));
      const configuration = await client.discovery(url, 'web', undefined, authentication, insecure);
      await expect(signIn(configuration)).resolves.toHaveProperty('access_token');
    }
    await expect(signIn(await discover('web', { client_secret: 'another' }))).rejects.toMatchObject({
      error: 'invalid_client',
      status: 400,
    });
  });

  it(`${decodesBasic ? 'takes' : 'refuses'} a secret with punctuation by header, and takes it by form`, async () => {
    const url = new URL(authentik.issuer('punctuated'));
    const configured = async (authentication: client.ClientAuth) =>
      client.discovery(url, 'punctuated', undefined, authentication, insecure);
    await expect(signIn(await configured(client.ClientSecretPost(punctuated)))).resolves.toHaveProperty('id_token');
    const byHeader = signIn(await configured(client.ClientSecretBasic(punctuated)));
    if (decodesBasic) await expect(byHeader).resolves.toHaveProperty('id_token');
    else await expect(byHeader).rejects.toMatchObject({ error: 'invalid_client' });
  });

  it('introspects and revokes', async () => {
    const configuration = await discover('web');
    const { access_token: accessToken } = await signIn(configuration);
    expect(await client.tokenIntrospection(configuration, accessToken)).toMatchObject({
      active: true,
      client_id: 'web',
    });
    await client.tokenRevocation(configuration, accessToken);
    expect(await client.tokenIntrospection(configuration, accessToken)).toEqual({ active: false });
    await expect(client.fetchUserInfo(configuration, accessToken, client.skipSubjectCheck)).rejects.toThrow();
  });

  it('gets a token for itself', async () => {
    const { access_token: accessToken } = await client.clientCredentialsGrant(await discover('web'), {
      scope: 'openid profile',
    });
    const told = await client.fetchUserInfo(await discover('web'), accessToken, client.skipSubjectCheck);
    expect(told['preferred_username']).toBe('ak-web-client_credentials');
  });

  it('gets an ID token along with the code, and checks that they belong together', async () => {
    const configuration = await discover('web');
    client.useCodeIdTokenResponseType(configuration);
    const [expectedState, expectedNonce] = [client.randomState(), client.randomNonce()];
    const url = client.buildAuthorizationUrl(configuration, {
      redirect_uri: redirectUri,
      scope: 'openid profile',
      state: expectedState,
      nonce: expectedNonce,
      response_mode: 'fragment',
    });
    const back = await new Browser().authorize(url, authentik.credentials('alice'));
    const tokens = await client.authorizationCodeGrant(configuration, back, { expectedState, expectedNonce });
    expect(tokens.claims()?.['preferred_username']).toBe('alice');
  });

  it('is sent the error of a sign-in that nobody was asked for', async () => {
    const configuration = await discover('web');
    const url = client.buildAuthorizationUrl(configuration, {
      redirect_uri: redirectUri,
      scope: 'openid',
      state: 'st',
      prompt: 'none',
    });
    const back = await new Browser().authorize(url, authentik.credentials('alice'));
    await expect(client.authorizationCodeGrant(configuration, back, { expectedState: 'st' })).rejects.toMatchObject({
      error: 'login_required',
    });
  });

  it(`${followsTypedUris ? 'is come back to' : 'is not come back to'} after a sign-out`, async () => {
    const configuration = await discover('leaving');
    const browser = new Browser();
    const { id_token: hint } = await signIn(configuration, browser);
    const leaving = client.buildEndSessionUrl(configuration, {
      id_token_hint: hint ?? '',
      post_logout_redirect_uri: bye,
      state: 'out',
    });
    const answer = await browser.request(leaving);
    const page = await browser.request(new URL(answer.headers.get('location') ?? '', leaving));
    // The flow's page sends the browser on, without a script.
    const onward = /http-equiv="refresh" content="0;url=([^"]*)"/.exec(await page.text())?.[1];
    expect([page.status, onward]).toEqual([200, followsTypedUris ? `${bye}?state=out` : undefined]);
  });

  it('refuses discovery of a global issuer, for the document is not where the issuer says', async () => {
    await expect(discover('shared')).rejects.toThrow();
  });

  it('learns of another key at the next sign-in, and trusts nothing of the old one', async () => {
    const configuration = await discover('web');
    client.enableNonRepudiationChecks(configuration);
    await signIn(configuration);
    await authentik.rotateKeys('web');
    const again = await discover('web');
    client.enableNonRepudiationChecks(again);
    await expect(signIn(again)).resolves.toHaveProperty('id_token');
  });
});
