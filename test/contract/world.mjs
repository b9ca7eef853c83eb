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

/** @returns what the embedded Authentik is started with to hold the recorded world */
export function worldOptions(world) {
  const bindings = (slug) =>
    (world.bindings ?? []).filter(({ application }) => application === slug).map(({ group }) => ({ group }));
  const custom = (scope) => {
    const claims = world.customScopes?.[scope];
    if (typeof claims === 'object') return claims;
    return () => {
      // In words: "raises an error", "returns a string instead of an object".
      if (/rais/u.test(claims)) throw new Error(claims);
      return claims;
    };
  };
  return {
    version: world.authentikVersion.replace(/-rc\d+$/u, (suffix) =>
      world.authentikVersion === '2026.5.0-rc1' ? suffix : '',
    ),
    password: world.password,
    users: Object.entries(world.users).map(([username, user]) => ({
      username,
      ...user,
      appPasswords: [appPasswordOf(username)],
    })),
    applications: Object.values(world.providers)
      .filter(({ application }) => application !== undefined && application !== null)
      .map((provider) => ({
        slug: provider.application,
        clientId: provider.client_id,
        clientSecret: provider.client_secret,
        clientType: provider.client_type,
        signing: provider.signing,
        consent: provider.consent,
        redirectUris: provider.redirect_uris.map(({ matching_mode: mode, url, ...rest }) => ({
          matchingMode: mode,
          url,
          ...rest,
        })),
        scopes: provider.scopes.filter((scope) => world.customScopes?.[scope] === undefined),
        scopeMappings: Object.fromEntries(
          provider.scopes
            .filter((scope) => world.customScopes?.[scope] !== undefined)
            .map((scope) => [scope, custom(scope)]),
        ),
        ...(provider.issuer_mode !== undefined && { issuerMode: provider.issuer_mode }),
        ...(provider.sub_mode !== undefined && { subMode: provider.sub_mode }),
        ...(provider.include_claims_in_id_token !== undefined && {
          includeClaimsInIdToken: provider.include_claims_in_id_token,
        }),
        ...(provider.access_code_validity !== undefined && { accessCodeValidity: provider.access_code_validity }),
        ...(provider.access_token_validity !== undefined && { accessTokenValidity: provider.access_token_validity }),
        ...(provider.refresh_token_validity !== undefined && { refreshTokenValidity: provider.refresh_token_validity }),
        ...(provider.refresh_token_threshold !== undefined && {
          refreshTokenThreshold: provider.refresh_token_threshold,
        }),
        ...(provider.grant_types !== undefined && { grantTypes: provider.grant_types }),
        ...(world.entitlements?.[provider.application] !== undefined && {
          entitlements: world.entitlements[provider.application],
        }),
        federatedProviders: (world.federation?.[provider.application]?.trustsTokensOfProviders ?? []).map(
          (kind) => world.providers[kind].client_id,
        ),
        ...(world.federation?.[provider.application]?.trustsJwtsOfSource !== undefined && {
          federatedKeys: sourceKeys,
        }),
        bindings: bindings(provider.application),
      })),
  };
}

export const startWorld = (world) => startEmbeddedAuthentik(worldOptions(world));
