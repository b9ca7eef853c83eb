import { createHash, randomBytes } from 'node:crypto';

const redirectUri = 'http://localhost:3999/callback';

/** What the server of a login is started with. */
export const testApplication = {
  applications: [{ slug: 'bench', clientId: 'bench', clientType: 'public', redirectUris: [redirectUri] }],
};

/** Signs alice in as a browser and its application do, and redeems the code. */
export async function logIn({ url, password }) {
  const codeVerifier = randomBytes(32).toString('base64url');
  const parameters = new URLSearchParams({
    client_id: 'bench',
    redirect_uri: redirectUri,
    response_type: 'code',
    scope: 'openid profile email offline_access',
    state: 'state',
    nonce: 'nonce',
    code_challenge: createHash('sha256').update(codeVerifier).digest('base64url'),
    code_challenge_method: 'S256',
  });
  let at = new URL(`/application/o/authorize/?${parameters}`, url);
  let cookie = '';
  let init = {};
  for (let step = 0; step < 8; step += 1) {
    const response = await fetch(at, { ...init, redirect: 'manual', headers: { cookie } });
    cookie = response.headers.getSetCookie().at(-1)?.split(';')[0] ?? cookie;
    await response.arrayBuffer();
    const location = response.headers.get('location');
    if (location === null) {
      init = { method: 'POST', body: new URLSearchParams({ uid_field: 'alice', password }) };
      continue;
    }
    at = new URL(location, at);
    init = {};
    if (at.origin === new URL(redirectUri).origin) return redeem(url, at.searchParams.get('code'), codeVerifier);
  }
  throw new Error(`The login ended at ${at.pathname}.`);
}

async function redeem(url, code, codeVerifier) {
  const response = await fetch(new URL('/application/o/token/', url), {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'authorization_code',
      code,
      redirect_uri: redirectUri,
      client_id: 'bench',
      code_verifier: codeVerifier,
    }),
  });
  const tokens = await response.json();
  if (response.status !== 200) throw new Error(`The code was not redeemed: ${tokens.error}.`);
  return tokens;
}
