import { createLocalJWKSet, jwtVerify } from 'jose';

import { benchGroup } from '../common/bench-group.mjs';

/** What an app writes that has no library for it: every token is verified by `jose`, groups are looked up. */
export async function createVerifier({ url, applicationSlug, clientId }) {
  const issuer = `${url}/application/o/${applicationSlug}/`;
  const keys = createLocalJWKSet(await (await fetch(new URL('jwks/', issuer))).json());
  return async function verify(authorization) {
    const [, token] = /^Bearer (\S+)$/u.exec(authorization ?? '') ?? [];
    if (token === undefined) return undefined;
    try {
      const { payload } = await jwtVerify(token, keys, { issuer, audience: clientId, algorithms: ['RS256'] });
      return payload.groups.includes(benchGroup) ? payload : undefined;
    } catch {
      return undefined;
    }
  };
}
