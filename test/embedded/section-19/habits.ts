import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { startEmbeddedAuthentik, type EmbeddedAuthentik } from 'nestjs-authentik-testing';
import type { Habit } from '../../../libs/authentik-testing/src/embedded/versions.js';
import { Browser } from '../browser.js';
import { authorizeUrl, CALLBACK, decode, post, signInForCode } from '../client.js';
import { DEVICE_PROBES } from './device.js';
import { endVisit } from './end-session.js';
import { endedSession } from './endings.js';
import { FLOW_PROBES } from './flows.js';
import type { Version } from './line.js';
import { askToken, authorizeAs, get, grantOf, metadataOf, OTHER, WEB } from './world.js';

const source = await generateKeyPair('ES256', { extractable: true });
const FEDERATED_KEYS = { keys: [{ ...(await exportJWK(source.publicKey)), kid: 'source', alg: 'ES256' }] };
const LEARNER = 'https://first.example/callback';
const MAPPED = { client_id: 'mapped', redirect_uri: CALLBACK };
const ENCRYPTED = { client_id: 'encrypted', redirect_uri: CALLBACK };

/** One server for all probes of a version. */
export function startProbed(version: Version): Promise<EmbeddedAuthentik> {
  return startEmbeddedAuthentik({
    version,
    users: [
      { username: 'alice', groups: ['engineering'] },
      { username: 'bob' },
      { username: 'carol' },
      { username: 'dave' },
    ],
    applications: [
      { slug: 'mcp-server' },
      { slug: 'web', clientSecret: WEB.client_secret, redirectUris: [WEB.redirect_uri] },
      {
        slug: 'other',
        clientSecret: OTHER.client_secret,
        redirectUris: [OTHER.redirect_uri],
        federatedProviders: ['web'],
        federatedKeys: FEDERATED_KEYS,
      },
      { slug: 'strict', redirectUris: ['https://strict.example/callback'] },
      { slug: 'learner', redirectUris: [] },
      {
        slug: 'leaving',
        redirectUris: [
          CALLBACK,
          { matchingMode: 'strict', url: 'https://leaving.example/bye', redirectUriType: 'logout' },
        ],
      },
      { slug: 'without-grants', grantTypes: [] },
      { slug: 'threshold', refreshTokenThreshold: 'days=1' },
      { slug: 'mapped', scopes: ['openid'], scopeMappings: { extra: { scope: 'of-the-mapping' } } },
      { slug: 'encrypted', encrypted: true },
      { slug: 'with-logout' },
    ],
  });
}

/** Whether a server has one habit, as a client sees it. */
type Probe = (authentik: EmbeddedAuthentik) => Promise<boolean>;

const claimsOf = async (authentik: EmbeddedAuthentik, name = 'access_token', client: Record<string, string> = WEB) =>
  decode((await grantOf(authentik, client, { scope: 'openid email extra' }))[name]).claims;

/** Whether an authorization request of a signed-out browser gets past its checks. */
const isTaken = async (authentik: EmbeddedAuthentik, client_id: string, redirect_uri: string) =>
  (await authorizeAs(authentik, undefined, { client_id, redirect_uri })).status === 302;

const locationOf = async (response: Promise<Response>) => (await response).headers.get('location') ?? '';

/** Whether bob's browser, which is signed in, comes to the client without being asked anything. */
async function passes(authentik: EmbeddedAuthentik, parameters: Record<string, string>): Promise<boolean> {
  const browser = new Browser();
  await signInForCode(authentik, { scope: 'openid' }, 'bob', browser);
  return (await locationOf(browser.request(authorizeUrl(authentik, parameters)))).startsWith(CALLBACK);
}

const introspect = async (authentik: EmbeddedAuthentik, form: Record<string, string>) =>
  (await (await post(authentik, '/application/o/introspect/', form)).json()) as Record<string, unknown>;

const userinfoStatus = async (authentik: EmbeddedAuthentik, accessToken: unknown) =>
  (await get(authentik, '/application/o/userinfo/', { authorization: `Bearer ${String(accessToken)}` })).status;

/** One question a habit. Each is asked of every version, and the answer held against the table of habits. */
export const PROBES: Readonly<Partial<Record<Habit, Probe>>> = {
  ...FLOW_PROBES,
  ...DEVICE_PROBES,
  redirectUriModes: async (authentik) => !(await isTaken(authentik, 'strict', 'https://strictxexample/callback')),
  learnsFirstRedirectUri: async (authentik) =>
    (await isTaken(authentik, 'learner', LEARNER)) &&
    !(await isTaken(authentik, 'learner', 'https://second.example/callback')),
  redirectUriTypes: async (authentik) => !(await isTaken(authentik, 'leaving', 'https://leaving.example/bye')),
  grantTypes: async (authentik) =>
    (await locationOf(authorizeAs(authentik, undefined, { client_id: 'without-grants' }))).includes('error='),

  oauthMetadataPath: async (authentik) =>
    (await get(authentik, '/.well-known/oauth-authorization-server/application/o/web/')).status === 200,
  logoutInMetadata: async (authentik) => 'backchannel_logout_supported' in (await metadataOf(authentik)),
  dpopInMetadata: async (authentik) => 'dpop_signing_alg_values_supported' in (await metadataOf(authentik)),
  contentLanguage: async (authentik) => (await get(authentik, '/-/health/live/')).headers.has('content-language'),

  straightToFlow: async (authentik) => (await locationOf(authorizeAs(authentik, undefined))).startsWith('/if/flow/'),
  directRedirect: (authentik) => passes(authentik, { scope: 'openid' }),
  offlineAccessNeedsConsent: async (authentik) => !(await passes(authentik, { scope: 'openid offline_access' })),
  uiLocales: async (authentik) => {
    const back = await new Browser().authorize(authorizeUrl(authentik, { ui_locales: 'de' }), {
      username: 'alice',
      password: authentik.password,
    });
    return back.searchParams.get('locale') === 'de';
  },
  idTokenAlone: async (authentik) => {
    const back = await new Browser().authorize(authorizeUrl(authentik, { response_type: 'id_token', nonce: 'n' }), {
      username: 'alice',
      password: authentik.password,
    });
    return !back.hash.includes('access_token=');
  },

  scopeInTokenResponse: async (authentik) => 'scope' in (await grantOf(authentik, WEB)),
  scopeClaim: async (authentik) => 'scope' in (await claimsOf(authentik)),
  scopeClaimFromMapping: async (authentik) => {
    const { scope } = await claimsOf(authentik, 'access_token', MAPPED);
    // Before tokens had a scope of their own, the mapping's was a claim like any other.
    return scope === 'of-the-mapping' && 'scope' in (await claimsOf(authentik));
  },
  jti: async (authentik) => 'jti' in (await claimsOf(authentik)) && 'jti' in (await claimsOf(authentik, 'id_token')),
  sid: async (authentik) => 'sid' in (await claimsOf(authentik)),
  amr: async (authentik) => 'amr' in (await claimsOf(authentik)),
  emailVerified: async (authentik) => (await claimsOf(authentik))['email_verified'] === true,
  longKid: async (authentik) => {
    const { header } = decode((await grantOf(authentik, WEB))['id_token']);
    return String(header['kid']).length === 86;
  },

  decodesBasic: async (authentik) => {
    const basic = Buffer.from(`web:${WEB.client_secret.replace('-', '%2D')}`).toString('base64');
    const form = { grant_type: 'client_credentials' };
    return (await post(authentik, '/application/o/token/', form, { authorization: `Basic ${basic}` })).status === 200;
  },
  requestIdInErrors: async (authentik) => 'request_id' in (await askToken(authentik, {})).body,
  refreshTokenThreshold: async (authentik) => {
    const client = { client_id: 'threshold', redirect_uri: CALLBACK };
    const { refresh_token: value } = await grantOf(authentik, client, { scope: 'openid offline_access' });
    const form = { grant_type: 'refresh_token', refresh_token: String(value), client_id: 'threshold' };
    return !('refresh_token' in (await askToken(authentik, form)).body);
  },
  crashesWithoutKid: async (authentik) => {
    const ask = async (header: { kid?: string }) => {
      const jwt = new SignJWT({ sub: 'machine' }).setProtectedHeader({ alg: 'ES256', ...header });
      return post(authentik, '/application/o/token/', {
        grant_type: 'client_credentials',
        client_id: OTHER.client_id,
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
        client_assertion: await jwt.sign(source.privateKey),
      });
    };
    if ((await ask({ kid: 'source' })).status !== 200) throw new Error('The assertion with kid is not taken.');
    return (await ask({})).status === 405;
  },

  publicClientsLearnNothing: async (authentik) => {
    const { clientSecret } = authentik.applications.find(({ slug }) => slug === 'mcp-server') ?? { clientSecret: '' };
    const token = await authentik.mintAccessToken({ user: 'alice' });
    const form = { token, client_id: 'mcp-server', client_secret: clientSecret };
    return (await introspect(authentik, form))['active'] === false;
  },
  introspectsFederated: async (authentik) => {
    const { access_token: token } = await grantOf(authentik, OTHER);
    const { client_id, client_secret } = WEB;
    return (await introspect(authentik, { token: String(token), client_id, client_secret }))['active'] === true;
  },
  publicClientsRevoke: async (authentik) => {
    const token = await authentik.mintAccessToken({ user: 'alice' });
    return (await post(authentik, '/application/o/revoke/', { token, client_id: 'mcp-server' })).status === 200;
  },
  tokenExchange: async (authentik) => {
    const { access_token: subjectToken } = await grantOf(authentik, WEB);
    const { client_id, client_secret } = WEB;
    const { status } = await askToken(authentik, {
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token: String(subjectToken),
      subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      audience: 'other',
      client_id,
      client_secret,
    });
    return status === 200;
  },
  revokesOwnTokensOnly: async (authentik) => {
    const { access_token: token } = await grantOf(authentik, WEB);
    const { client_id, client_secret } = OTHER;
    await post(authentik, '/application/o/revoke/', { token: String(token), client_id, client_secret });
    return (await userinfoStatus(authentik, token)) === 200;
  },

  encryptsTokens: async (authentik) => {
    const { id_token: idToken } = await grantOf(authentik, ENCRYPTED);
    return String(idToken).split('.').length === 5;
  },
  deletedSessionEndsTokens: async (authentik) => {
    const { tokens } = await endedSession(authentik);
    return (await userinfoStatus(authentik, tokens['access_token'])) === 401;
  },
  backchannelLogout: async (authentik) => (await endedSession(authentik)).logoutTokens.length === 1,
  logoutTokenExpires: async (authentik) =>
    (await endedSession(authentik)).logoutTokens.some(({ claims }) => 'exp' in claims),
  logoutTokenType: async (authentik) =>
    (await endedSession(authentik)).logoutTokens.some(({ header }) => header['typ'] === 'logout+jwt'),
  logoutAtDeactivation: async (authentik) => {
    await endedSession(authentik);
    const before = authentik.logoutDeliveries.length;
    await grantOf(authentik, { client_id: 'with-logout', redirect_uri: CALLBACK }, {}, {}, 'carol');
    authentik.setUserActive('carol', false);
    authentik.setUserActive('carol', true);
    await authentik.logoutsSettled();
    return authentik.logoutDeliveries.length > before;
  },

  apiCharset: async (authentik) =>
    (await get(authentik, '/api/v3/core/brands/current/')).headers.get('content-type')?.includes('charset') === true,
  newBrandRecord: async (authentik) => {
    const brand = (await (await get(authentik, '/api/v3/core/brands/current/')).json()) as Record<string, unknown>;
    return 'flags' in brand;
  },
  endSessionRunsFlow: async (authentik) => (await endVisit(authentik)).flow !== undefined,
  endSessionByPost: async (authentik) => (await endVisit(authentik, {}, { method: 'POST' })).response.status === 302,
  endSessionTrap: async (authentik) => {
    const { browser, url, location } = await endVisit(authentik);
    // The flow ends on a page, and is never finished.
    await browser.request(new URL(location ?? '', authentik.url));
    const again = await browser.request(url);
    return again.status === 200 && (await again.text()) === '';
  },
  verifiesIdTokenHint: async (authentik) =>
    (await endVisit(authentik, { id_token_hint: 'not-a-token' })).response.status === 400,
};
