import { startEmbeddedAuthentik } from 'nestjs-authentik-testing';

import { groups } from './bench-group.mjs';

/** Claims that Authentik does not write by itself, so that a token has 25 and, with RS256, about 1,500 characters. */
const moreClaims = { locale: 'de-AT', tier: 'pro', site: 'vie', unit: 'r7', plan: 'team' };

/**
 * An Authentik in this process with a provider for RS256, one for ES256, and people in 20 groups, alice among them.
 * @param options.people how many besides her
 * @param options.modulusLength bits of RSA keys
 */
export async function startAuthentik({ people = 0, modulusLength = 2048 } = {}) {
  const others = Array.from({ length: people }, (_, index) => `person-${index}`);
  const authentik = await startEmbeddedAuthentik({
    applications: [
      { slug: 'rs256', clientSecret: 'bench-secret-of-rs256-000000000000' },
      { slug: 'es256', clientSecret: 'bench-secret-of-es256-000000000000', signing: 'ES256' },
    ],
    users: ['alice', ...others].map((username) => ({ username, groups })),
    modulusLength,
  });
  return {
    authentik,
    stop: () => authentik.stop(),
    /** What a server has to know to trust an application of it. */
    optionsOf: (application) => ({ url: authentik.url, applicationSlug: application, clientId: application }),
    others,
    /** Distinct sound tokens, each user's in turn. */
    tokens: (count, application = 'rs256', users = ['alice']) =>
      inBatches(count, (index) =>
        authentik.mintAccessToken({
          user: users[index % users.length],
          application,
          expiresInSeconds: 24 * 3600,
          claims: moreClaims,
        }),
      ),
    /** Distinct tokens that are wrong in one way. */
    broken: (kind, count, application = 'rs256') =>
      inBatches(count, () => authentik.mintBroken({ kind, user: 'alice', application, claims: moreClaims })),
  };
}

async function inBatches(count, make) {
  const made = [];
  while (made.length < count) {
    const begin = made.length;
    const indexes = Array.from({ length: Math.min(50, count - begin) }, (_, index) => begin + index);
    made.push(...(await Promise.all(indexes.map(make))));
  }
  return made;
}
