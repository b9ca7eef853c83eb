import { createRemoteJWKSet, jwtVerify } from 'jose';

/** What an app writes that has no library for it: every token is verified by `jose`, groups are looked up. */
export function createVerifier({ url, applicationSlug, clientId }) {
  const issuer = `${url}/application/o/${applicationSlug}/`;
  const keys = createRemoteJWKSet(new URL('jwks/', issuer));
  return async function verify(authorization) {
    const [, token] = /^Bearer (\S+)$/u.exec(authorization ?? '') ?? [];
    if (token === undefined) return undefined;
    const { payload } = await jwtVerify(token, keys, { issuer, audience: clientId, algorithms: ['RS256'] });
    return payload.groups.includes('engineering') ? payload : undefined;
  };
}

/** The same as a middleware of Express. */
export function createMiddleware(options) {
  const verify = createVerifier(options);
  return async function middleware(request, response, next) {
    request.user = await verify(request.headers.authorization);
    if (request.user === undefined) response.sendStatus(401);
    else next();
  };
}
