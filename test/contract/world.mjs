// Builds `world.json` in an embedded Authentik.
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { startEmbeddedAuthentik } from 'nestjs-authentik-testing';

/** The key of the federated source: "one ES256 public key, kid rec-external-key". */
const source = await generateKeyPair('ES256', { extractable: true });
const sourceKid = 'rec-external-key';
const sourceKeys = { keys: [{ ...(await exportJWK(source.publicKey)), kid: sourceKid, alg: 'ES256', use: 'sig' }] };

/** A JWT of that source, wrong in the way that the recorder's words say. */
export async function jwtOfSource(words) {
  const kid = /unknown kid/u.test(words) ? 'rec-other-key' : sourceKid;
  const { privateKey } = /bad signature/u.test(words) ? await generateKeyPair('ES256') : source;
  const now = Math.floor(Date.now() / 1000);
  const token = new SignJWT({ sub: 'machine' }).setProtectedHeader({
    alg: 'ES256',
    ...(!/without kid/u.test(words) && { kid }),
  });
  if (/expired/u.test(words)) token.setExpirationTime(now - 60);
  else if (!/without exp/u.test(words)) token.setExpirationTime(now + 3600);
  return token.sign(privateKey);
}

/** The one app password that each person has. */
export const appPasswordOf = (username) => `app-password-of-${username}`.padEnd(60, '0');

/**
 * @param encrypted kinds of providers that encrypt
 * @param receiverUrl where logout URIs really lead, since the recorded port may be taken
 * @returns what the embedded Authentik is started with to hold the recorded world
 */
export function worldOptions(world, encrypted = new Set(), receiverUrl) {
  const custom = (scope) => {
    const claims = world.customScopes?.[scope];
    if (typeof claims === 'object') return claims;
    return () => {
      // In words: "raises an error", "returns a string instead of an object".
      if (/rais/u.test(claims)) throw new Error(claims);
      return claims;
    };
  };
  const isCustom = (scope) => world.customScopes?.[scope] !== undefined;
  const settingsOf = ([kind, provider]) => {
    const { application } = provider;
    const trust = world.federation?.[application];
    return withoutUndefined({
      clientId: provider.client_id,
      clientSecret: provider.client_secret,
      clientType: provider.client_type,
      signing: provider.signing,
      encrypted: encrypted.has(kind) || undefined,
      consent: provider.consent,
      redirectUris: provider.redirect_uris.map(({ matching_mode: matchingMode, url, redirect_uri_type: type }) =>
        withoutUndefined({ matchingMode, url, redirectUriType: type }),
      ),
      scopes: provider.scopes.filter((scope) => !isCustom(scope)),
      scopeMappings: Object.fromEntries(provider.scopes.filter(isCustom).map((scope) => [scope, custom(scope)])),
      issuerMode: provider.issuer_mode,
      subMode: provider.sub_mode,
      includeClaimsInIdToken: provider.include_claims_in_id_token,
      accessCodeValidity: provider.access_code_validity,
      accessTokenValidity: provider.access_token_validity,
      refreshTokenValidity: provider.refresh_token_validity,
      refreshTokenThreshold: provider.refresh_token_threshold,
      grantTypes: provider.grant_types,
      logoutMethod: provider.logout_method,
      logoutUri: provider.logout_uri && receiverUrl && new URL(new URL(provider.logout_uri).pathname, receiverUrl).href,
      federatedProviders: (trust?.trustsTokensOfProviders ?? []).map((other) => world.providers[other].client_id),
      federatedKeys: trust?.trustsJwtsOfSource === undefined ? undefined : sourceKeys,
      entitlements: world.entitlements?.[application],
      bindings: (world.bindings ?? [])
        .filter((binding) => binding.application === application)
        .map(({ group }) => ({ group })),
    });
  };
  const providers = Object.entries(world.providers);
  return {
    version: world.authentikVersion,
    password: world.password,
    users: Object.entries(world.users).map(([username, user]) => ({
      username,
      ...user,
      appPasswords: [appPasswordOf(username)],
    })),
    applications: [
      ...providers.filter(hasApplication).map((entry) => ({ slug: entry[1].application, ...settingsOf(entry) })),
      ...[world.applicationWithoutProvider ?? []].flat().map((slug) => ({ slug, withProvider: false })),
    ],
    providersWithoutApplication: providers.filter((entry) => !hasApplication(entry)).map(settingsOf),
  };
}

const hasApplication = ([, { application }]) => application !== undefined && application !== null;
const withoutUndefined = (object) =>
  Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));

export const startWorld = (...given) => startEmbeddedAuthentik(worldOptions(...given));
