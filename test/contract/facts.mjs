// What the recorder worked out beside the answers, worked out again.
import { compactVerify, createLocalJWKSet } from 'jose';

import { compareValue, decode, tokensOf } from './compare.mjs';

const short = (value) => JSON.stringify(value) ?? 'nothing';

/** @returns the words of the recorder for what a signature verifies with */
async function verifiedWith(token, keySet, secret) {
  try {
    if (decode(token.split('.')[0]).alg === 'HS256') {
      await compactVerify(token, new TextEncoder().encode(secret), { algorithms: ['HS256'] });
      return 'the client secret (HS256)';
    }
    await compactVerify(token, createLocalJWKSet(keySet));
    return 'the key set';
  } catch {
    return 'nothing';
  }
}

/** `{ access_token: { signatureVerifiedWith, kidInKeySet }, … }` */
export async function compareSignatures(facts, answer, keySet, secret, differences) {
  const tokens = tokensOf(answer);
  for (const [name, { signatureVerifiedWith: recorded, kidInKeySet }] of Object.entries(facts)) {
    const token = String(tokens[name] ?? '');
    if (recorded !== undefined) {
      const actual = await verifiedWith(token, keySet, secret);
      if (actual !== recorded) differences.push(`${name} verifies with ${actual} instead of ${recorded}`);
    }
    if (kidInKeySet === undefined || kidInKeySet === null) continue;
    const { kid } = decode(token.split('.')[0]);
    const isThere = keySet.keys?.some((key) => key.kid === kid) ?? false;
    if (isThere !== kidInKeySet) differences.push(`${name}: kid in the key set: ${isThere} instead of ${kidInKeySet}`);
  }
}

/** Whether a token of before verifies with the key set of now. */
export async function compareOldToken(expected, token, keySet, differences) {
  const verifies = (await verifiedWith(token, { keys: [], ...keySet }, '')) === 'the key set';
  if (verifies !== expected) differences.push(`the token of before verifies: ${verifies} instead of ${expected}`);
}

/** Logout tokens as they arrived, beside the access token of the session that ended. */
export function compareReceived(recorded, received, accessToken, placeholders, differences) {
  if (recorded.length !== received.length) {
    differences.push(`${received.length} logout tokens instead of ${recorded.length}`);
    return;
  }
  const claims = decode(accessToken.split('.')[1]);
  for (const [index, expected] of recorded.entries()) {
    const { method, path, headers, fields } = received[index];
    const [header, payload] = (fields.get('logout_token') ?? '').split('.').slice(0, 2).map(decode);
    const actual = {
      method,
      path,
      headers: Object.fromEntries(Object.keys(expected.headers ?? {}).map((name) => [name, headers[name]])),
      fields: [...fields.keys()],
      logoutToken: { header, payload },
      expMinusIat: payload.exp - payload.iat,
      sidIsThatOfTheAccessToken: payload.sid === claims.sid,
      subIsThatOfTheAccessToken: payload.sub === claims.sub,
    };
    for (const [name, value] of Object.entries(expected)) {
      compareValue(`received.${name}`, value, actual[name], placeholders, differences);
    }
  }
}

/** Single values, by name. */
export function compareNamed(recorded, actual, differences) {
  for (const [name, value] of Object.entries(actual)) {
    if (recorded[name] !== undefined && recorded[name] !== value)
      differences.push(`afterwards ${name}: ${short(value)} instead of ${short(recorded[name])}`);
  }
}
