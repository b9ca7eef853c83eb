import { startEmbeddedAuthentik } from 'nestjs-authentik-testing';

import { groups } from './bench-group.mjs';

/** Claims that Authentik does not write by itself, so that a token has 25 and, with RS256, about 1,500 characters. */
const moreClaims = { locale: 'de-AT', tier: 'pro', site: 'vie', unit: 'r7', plan: 'team' };

/**
 * An Authentik in this process with a provider for RS256, one for ES256, and a person in 20 groups.
 */
export async function startAuthentik() {
  const authentik = await startEmbeddedAuthentik({
    applications: [
      { slug: 'rs256', clientSecret: 'bench-secret-of-rs256-000000000000' },
      { slug: 'es256', clientSecret: 'bench-secret-of-es256-000000000000', signing: 'ES256' },
    ],
    users: [{ username: 'alice', groups }],
  });
  return {
    authentik,
    stop: () => authentik.stop(),
    /** What a server has to know to trust an application of it. */
    optionsOf: (application) => ({ url: authentik.url, applicationSlug: application, clientId: application }),
    /** Distinct sound tokens. */
    tokens: (count, application = 'rs256') =>
      inBatches(count, () =>
        authentik.mintAccessToken({ user: 'alice', application, expiresInSeconds: 24 * 3600, claims: moreClaims }),
      ),
    /** Distinct tokens that are wrong in one way. */
    broken: (kind, count, application = 'rs256') =>
      inBatches(count, () => authentik.mintBroken({ kind, user: 'alice', application, claims: moreClaims })),
  };
}

async function inBatches(count, make) {
  const made = [];
  while (made.length < count) {
    made.push(...(await Promise.all(Array.from({ length: Math.min(50, count - made.length) }, make))));
  }
  return made;
}
