import { randomUUID } from 'node:crypto';
import type { Provider } from '../directory/entries.js';
import { signClaims } from '../issued/sign.js';
import type { Habits } from '../versions.js';

/** Whose session ended, as the tokens of that session say it. */
export interface EndedLogin {
  readonly provider: Provider;
  readonly issuer: string | undefined;
  readonly subject: string;
  /** `sid` of the tokens; absent where they have none. */
  readonly sid: string | undefined;
}

/** OpenID Connect Back-Channel Logout 1.0, section 2.4. */
const LOGOUT_EVENT = 'http://schemas.openid.net/event/backchannel-logout';

/** Life of a logout token. */
const LOGOUT_TOKEN_SECONDS = 3600;

/** @returns a logout token, signed (and encrypted) as the provider's ID tokens are */
export function logoutToken(
  { provider, issuer, subject, sid }: EndedLogin,
  habits: Habits,
  nowSeconds: number,
): Promise<string> {
  const claims = {
    ...(issuer !== undefined && { iss: issuer }),
    aud: provider.clientId,
    iat: nowSeconds,
    ...(habits.logoutTokenExpires && { exp: nowSeconds + LOGOUT_TOKEN_SECONDS }),
    jti: randomUUID(),
    events: { [LOGOUT_EVENT]: {} },
    sub: subject,
    ...(sid !== undefined && { sid }),
  };
  return signClaims(claims, provider, habits.logoutTokenType ? 'logout+jwt' : 'JWT');
}
