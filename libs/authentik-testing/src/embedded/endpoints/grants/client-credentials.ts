import { createLocalJWKSet, decodeProtectedHeader, jwtVerify } from 'jose';
import type { Provider, User } from '../../directory/entries.js';
import { isSecretOf } from '../../wire/client-authentication.js';
import { AuthentikCrash, OAuthRefusal } from '../../wire/oauth-errors.js';
import type { GrantRequest, TokenResponse } from './grant-request.js';
import { tokenResponse } from './token-response.js';

const jwtBearer = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

/**
 * Machines, in four forms: (a) an assertion of somebody whom the provider trusts, (b) a username with an app password,
 * (c) the client secret, (d) both of (b) in base64 as the client secret. Whatever is wrong is `invalid_grant`. The grant
 * type `password` is the same code, and takes no real password either.
 */
export async function clientCredentialsGrant(request: GrantRequest): Promise<TokenResponse> {
  const { exchange, provider } = request;
  const { world, form } = exchange;
  const user = await whoAsks(request);
  const { application } = provider;
  if (user === undefined || application === undefined || !world.directory.mayUse(user, application)) {
    throw new OAuthRefusal('invalid_grant');
  }
  const asked = (form.get('scope') ?? '').split(' ');
  const scopes = [...provider.scopeMappings.keys()].filter((scope) => asked.includes(scope)).toSorted();
  // No browser, so no session; and no refresh token, whatever was asked for.
  return tokenResponse(exchange, { provider, user, scopes, authTime: world.clock.nowSeconds() }, false);
}

async function whoAsks(request: GrantRequest): Promise<User | undefined> {
  const { exchange, provider, credentials } = request;
  const { form, world } = exchange;
  if (form.get('client_assertion_type') === jwtBearer) return byAssertion(request, form.get('client_assertion') ?? '');
  const username = form.get('username');
  if (username !== undefined) return byAppPassword(request, username, form.get('password') ?? '');
  if (isSecretOf(provider, credentials.clientSecret)) return world.directory.serviceAccount(provider);
  const [, name, password] =
    /^([^:]+):(.+)$/su.exec(Buffer.from(credentials.clientSecret, 'base64').toString('utf8')) ?? [];
  return name === undefined || password === undefined ? undefined : byAppPassword(request, name, password);
}

/** By the exact username, never by the address; the password of the account is not one. */
function byAppPassword({ exchange }: GrantRequest, username: string, password: string): User | undefined {
  const user = exchange.world.directory.users.get(username);
  return user !== undefined && user.isActive && password !== '' && user.appPasswords.has(password) ? user : undefined;
}

/** An access token of a federated provider, or a JWT of a federated source. */
async function byAssertion({ exchange, provider }: GrantRequest, assertion: string): Promise<User | undefined> {
  const { issued, directory, clock } = exchange.world;
  const stored = issued.tokens.get(assertion);
  if (stored?.kind === 'access' && provider.federatedProviders.has(stored.grant.provider.clientId)) {
    return stored.grant.user.isActive ? stored.grant.user : undefined;
  }
  if (provider.federatedKeys === undefined) return undefined;
  if (isJwtWithoutKid(assertion)) {
    if (exchange.habits.crashesWithoutKid) throw new AuthentikCrash('An assertion without kid.');
    return undefined;
  }
  if (!(await isSigned(assertion, provider, clock.nowMs()))) return undefined;
  return directory.serviceAccount(provider);
}

/** `aud` and `iss` are not looked at, and `exp` need not be there; the key is found by its `kid` alone. */
async function isSigned(assertion: string, { federatedKeys }: Provider, nowMs: number): Promise<boolean> {
  if (federatedKeys === undefined) return false;
  try {
    await jwtVerify(assertion, createLocalJWKSet(federatedKeys), { currentDate: new Date(nowMs) });
    return true;
  } catch {
    return false;
  }
}

function isJwtWithoutKid(assertion: string): boolean {
  try {
    return decodeProtectedHeader(assertion).kid === undefined;
  } catch {
    return false;
  }
}
