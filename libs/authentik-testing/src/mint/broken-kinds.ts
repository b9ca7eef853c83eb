/**
 * Ways in which an access token can be wrong, each with what is wrong about it. Every such token is sound but for that one
 * thing.
 */
export const BROKEN = {
  // Time
  expired: 'Its hour ended an hour ago.',
  notYetValid: '`nbf` lies an hour ahead.',
  noExpiry: 'No `exp`.',
  expiryAsText: '`exp` is a string.',
  // Whose it is, and for whom
  otherIssuer: 'Another `iss`.',
  issuerWithoutSlash: 'The right `iss` without its final slash.',
  noIssuer: 'No `iss`.',
  otherAudience: 'Another `aud`.',
  noAudience: 'No `aud`.',
  otherAuthorizedParty: 'Another `azp`.',
  noSubject: 'No `sub`.',
  // Another kind of token
  idToken: 'An ID token of the same client and person.',
  refreshToken: 'A refresh token, which is opaque.',
  logoutToken: 'A logout token of the back channel: `typ` is `logout+jwt`.',
  encrypted: 'A JWE: nobody without the private key can read it.',
  // Signature
  algNone: '`alg` is `none`, and there is no signature.',
  noSignature: 'The signature is cut off, `alg` stays.',
  badSignature: 'One byte of the signature is another.',
  otherPayload: 'Claims that were changed after signing: the groups.',
  hs256WithPublicKey: 'HS256 with the public key as the secret.',
  otherAlgorithm: 'An algorithm of another kind of key, with the `kid` of the right one.',
  unknownKey: 'Signed with a key that is not published, and says so in `kid`.',
  foreignKeySameKid: 'Signed with a key that is not published, under the `kid` of the right one.',
  // Header that brings its own key or rules
  keyInHeader: 'Brings its own key as `jwk`.',
  keyUrlInHeader: 'Names its own key set as `jku`.',
  certificateInHeader: 'Brings its own certificate as `x5c`.',
  certificateUrlInHeader: 'Names its own certificate as `x5u`.',
  unknownCritical: 'Demands by `crit` what nobody understands.',
  // Form
  payloadNotJson: 'Signed text that is no JSON.',
  payloadNotObject: 'Signed JSON that is no object.',
  truncated: 'Two parts instead of three.',
  fourParts: 'Four parts instead of three.',
  trailingBytes: 'Something behind the signature.',
  paddedBase64: 'Base64 with padding, which a JWS does not have.',
  huge: 'Longer than any header may be: 64 KiB.',
  garbage: 'No token at all.',
} as const satisfies Record<string, string>;

/** A way in which an access token can be wrong. */
export type BrokenKind = keyof typeof BROKEN;

/** All of them, for tables of tests. */
export const BROKEN_KINDS = Object.keys(BROKEN) as readonly BrokenKind[];
