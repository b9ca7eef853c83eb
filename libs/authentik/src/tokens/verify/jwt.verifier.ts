import { Inject, Injectable } from '@nestjs/common';
import type { CryptoKey, JWTPayload } from 'jose';
import { decodeProtectedHeader } from 'jose/decode/protected_header';
import * as errors from 'jose/errors';
import { compactVerify } from 'jose/jws/compact/verify';
import { decodeJwt } from 'jose/jwt/decode';
import { LRUCache } from 'lru-cache';

import { AUTHENTIK_OPTIONS } from '../../authentik.constants.js';
import { AuthentikError, type ClaimedIdentity, type TokenRefusal, TokenVerificationError } from '../../errors/index.js';
import type { AuthentikApplication, ResolvedAuthentikOptions } from '../../options/index.js';
import type { AuthentikClaims } from '../../protocol/claims.types.js';
import { isListOfTexts } from '../../protocol/list-of-texts.js';
import { slipOf } from '../token-form.js';
import type { FoundKey, KeyName } from './application-keys.js';
import { SigningKeys } from './signing-keys.js';

/** What Authentik signs with. HS256 is not among them: its key would be a secret, never one of the published keys. */
export const publishedKeyAlgorithms = ['RS256', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'];

/** No Authentik token comes near; a longer one is not worth decoding. */
export const maxTokenCharacters = 16 * 1024;

const refusals: Record<TokenRefusal, string> = {
  malformed: 'The access token is not a JWT.',
  algorithm: 'The access token is signed with an algorithm that Authentik does not use with published keys.',
  unknown_key: 'The access token is signed with a key that Authentik does not publish.',
  signature: 'The signature of the access token does not match.',
  issuer: 'The access token comes from another issuer.',
  audience: 'The access token was issued to another application.',
  expired: 'The access token expired.',
  not_yet_valid: 'The access token is not valid yet.',
  not_an_access_token: 'The token is not an access token: only those have azp and uid.',
  claims: 'The claims of the access token are incomplete.',
  revoked: 'The access token was revoked, or its session or user signed out.',
  inactive: 'Authentik does not know the access token, or not any more.',
};

/** @param detail for the operator; goes to nobody else */
export const refuse = (reason: TokenRefusal, cause?: unknown, payload?: AuthentikClaims | JWTPayload, detail = '') =>
  new TokenVerificationError(reason, refusals[reason] + detail, {
    ...(cause !== undefined && { cause }),
    ...(payload !== undefined && { claimed: claimedIdentity(payload) }),
  });

/** @param accessToken what was given as one; the operator is told of a usual slip */
export const refuseForm = (accessToken: unknown, cause?: unknown) =>
  refuse('malformed', cause, undefined, slipOf(accessToken));

function claimedIdentity({ azp, sub }: { readonly azp?: unknown; readonly sub?: unknown }): ClaimedIdentity {
  return {
    ...(typeof azp === 'string' && { clientId: azp }),
    ...(typeof sub === 'string' && { subject: sub }),
  };
}

interface Header {
  readonly alg: string | undefined;
  readonly kid: string | undefined;
  readonly isExtended: boolean;
}

interface KnownHeader {
  /** As tokens begin with it, the dot that follows included. */
  readonly encoded: string;
  readonly header: Header;
}

/** A token of which nothing is proved yet, and nothing speaks against it. */
export interface PlausibleJwt {
  readonly accessToken: string;
  readonly algorithm: string;
  /** Name of the key, if the token says one. */
  readonly kid: string | undefined;
  /** As the token tells them. */
  readonly claims: AuthentikClaims;
  /** The one that the token can be of. */
  readonly application: AuthentikApplication;
  /** Its key, where that is at hand. */
  readonly key: CryptoKey | Uint8Array | undefined;
}

/**
 * Judges an access token by its signature and claims, without asking Authentik.
 *
 * What can be seen for free is judged first, so that a hopeless token costs neither a signature check nor a call. The
 * signature is then checked over the very characters that the claims were read from.
 * @see RFC 8725, RFC 9068 §4
 */
@Injectable()
export class JwtVerifier {
  private readonly headers = new LRUCache<string, KnownHeader>({ max: 100 });
  private lastHeader: KnownHeader | undefined;

  constructor(
    @Inject(AUTHENTIK_OPTIONS) private readonly options: ResolvedAuthentikOptions,
    private readonly keys: SigningKeys,
  ) {}

  /**
   * What can be seen without a signature: form, algorithm, the claims as the token tells them, and whether there is such
   * a key, where that is known.
   * @param accessToken compact JWT, without the scheme
   * @throws {TokenVerificationError} it is not acceptable, whatever its signature; `reason` says why
   */
  precheck(accessToken: string): PlausibleJwt {
    if (accessToken.length > maxTokenCharacters) throw refuseForm(accessToken);
    let header: Header;
    let payload: JWTPayload;
    try {
      header = this.headerOf(accessToken);
      payload = decodeJwt(accessToken);
    } catch (error) {
      throw refuseForm(accessToken, error);
    }
    const { alg, kid } = header;
    const isSymmetric = alg === 'HS256' && this.options.tokens.acceptHs256;
    // An extension that has to be understood changes what is signed, or how.
    if (alg === undefined || !(isSymmetric || publishedKeyAlgorithms.includes(alg)) || header.isExtended)
      throw refuse('algorithm', undefined, payload);
    const nowMs = Date.now();
    const application = this.judgeClaims(payload, nowMs);
    if (isSymmetric && application.clientSecret === undefined) throw refuse('algorithm', undefined, payload);
    const found = isSymmetric ? undefined : this.keyAtHand({ alg, kid }, application, payload, nowMs);
    if (!hasPlainSignature(accessToken, found?.signatureCharacters)) throw refuseForm(accessToken);
    const key = isSymmetric ? new TextEncoder().encode(application.clientSecret) : found?.key;
    return { accessToken, algorithm: alg, kid, claims: payload as AuthentikClaims, application, key };
  }

  /** All tokens of one key have the same header, to the letter. */
  private headerOf(accessToken: string): Header {
    // Mostly that of the last token, which costs no hash.
    const last = this.lastHeader;
    if (last !== undefined && accessToken.slice(0, last.encoded.length) === last.encoded) return last.header;
    const encoded = accessToken.slice(0, accessToken.indexOf('.') + 1);
    let known = this.headers.get(encoded);
    if (known === undefined) {
      const { alg, kid, crit } = decodeProtectedHeader(accessToken);
      if (kid !== undefined && typeof (kid as unknown) !== 'string') throw new TypeError('kid is not a string.');
      // A copy, for V8 would keep the whole token as long as a piece of it.
      known = { encoded: Buffer.from(encoded).toString(), header: { alg, kid, isExtended: crit !== undefined } };
      this.headers.set(known.encoded, known);
    }
    this.lastHeader = known;
    return known.header;
  }

  /** @throws {TokenVerificationError} Authentik has no such key, and is not asked again now */
  private keyAtHand(
    name: KeyName,
    application: AuthentikApplication,
    payload: JWTPayload,
    nowMs: number,
  ): FoundKey | undefined {
    if (this.options.tokens.validation === 'introspect') return undefined;
    const found = this.keys.of(application).peek(name, nowMs);
    if (found === 'unknown') throw refuse('unknown_key', undefined, payload);
    return found;
  }

  /**
   * Checks the signature; the claims count once it has resolved. With a key at hand this is nothing but the promise of
   * `jose`, for each one around it costs a token that is not remembered.
   * @throws {Error} not acceptable: {@link refusalOf} tells why
   */
  prove(jwt: PlausibleJwt): Promise<unknown> {
    return jwt.key === undefined ? this.proveLater(jwt) : checkSignature(jwt, jwt.key);
  }

  private async proveLater(jwt: PlausibleJwt): Promise<void> {
    const { application, algorithm, kid, claims } = jwt;
    await checkSignature(jwt, await this.keys.of(application).find({ alg: algorithm, kid }));
    // To wait for a key takes time, and the token may have ended meanwhile.
    this.judgeLife(claims, Date.now());
  }

  /** @returns the one application that the token can be of */
  private judgeClaims(payload: JWTPayload, nowMs: number): AuthentikApplication {
    const { applications } = this.options;
    const { iss, aud, azp, uid, sub, exp } = payload as JWTPayload & { azp?: unknown; uid?: unknown };
    // Issuer, audience and client of one entry: never those of one with those of another.
    let isIssuer = false;
    let isAudience = false;
    let application: AuthentikApplication | undefined;
    for (const candidate of applications) {
      if (candidate.issuer !== iss) continue;
      isIssuer = true;
      if (!names(aud, candidate.audience)) continue;
      isAudience = true;
      if (candidate.clientId === azp) application ??= candidate;
    }
    if (!isIssuer) {
      const issuers = new Set(applications.map(({ issuer }) => issuer));
      throw refuse('issuer', undefined, payload, told('iss', iss, issuers));
    }
    if (!isAudience) {
      const ofIssuer = applications.filter(({ issuer }) => issuer === iss);
      const audiences = new Set(ofIssuer.map(({ audience }) => audience));
      throw refuse('audience', undefined, payload, told('aud', aud, audiences));
    }
    // ID tokens have the same issuer, audience and key; only these two tell them apart.
    if (typeof azp !== 'string' || typeof uid !== 'string') throw refuse('not_an_access_token', undefined, payload);
    if (application === undefined) throw refuse('audience', undefined, payload);
    if (typeof sub !== 'string' || sub === '' || typeof exp !== 'number') throw refuse('claims', undefined, payload);
    this.judgeLife(payload, nowMs);
    return application;
  }

  private judgeLife(payload: AuthentikClaims | JWTPayload, nowMs: number): void {
    const { clockToleranceSeconds } = this.options.tokens;
    const { exp, nbf, iat } = payload as { readonly exp: number; readonly nbf?: unknown; readonly iat?: unknown };
    const now = nowMs / 1000;
    if (exp <= now - clockToleranceSeconds) throw refuse('expired', undefined, payload);
    if (nbf !== undefined && !(typeof nbf === 'number' && nbf <= now + clockToleranceSeconds)) {
      throw refuse('not_yet_valid', undefined, payload);
    }
    if (iat !== undefined && typeof iat !== 'number') throw refuse('claims', undefined, payload);
  }
}

/**
 * Decoders pass over white space and padding, so that one token could be written in any number of ways, and each would be
 * judged and remembered by itself. The other parts are signed as they are written. Where no more characters follow a dot than
 * a signature of the key has, it needs each of them, or proves nothing.
 * @param characters of each signature of the key; `undefined` where that is not known
 * @see RFC 7515 §2
 */
function hasPlainSignature(accessToken: string, characters: number | undefined): boolean {
  if (characters !== undefined && accessToken[accessToken.length - characters - 1] === '.') return true;
  return /^[\w-]*$/u.test(accessToken.slice(accessToken.lastIndexOf('.') + 1));
}

const names = (aud: unknown, audience: string) => aud === audience || (Array.isArray(aud) && aud.includes(audience));

/** What a token says and what would have counted; cut, for nobody has signed it. */
function told(claim: string, value: unknown, ours: ReadonlySet<string>): string {
  // What is nested may be so deep that nothing can write it.
  const isFlat = typeof value === 'string' || isListOfTexts(value);
  const given = isFlat ? JSON.stringify(value).slice(0, 200) : value === undefined ? 'missing' : 'no text';
  return ` Its ${claim} is ${given}, and ours ${[...ours].map((name) => JSON.stringify(name)).join(' or ')}.`;
}

/** By algorithm, which the options let through: a secret never meets a published key. */
const checkSignature = ({ accessToken, algorithm }: PlausibleJwt, key: CryptoKey | Uint8Array) =>
  compactVerify(accessToken, key, { algorithms: [algorithm] });

/**
 * What {@link JwtVerifier.prove} has thrown, as one of our errors.
 * @returns {TokenVerificationError} not acceptable; `reason` says why
 * @returns {AuthentikUnavailableError} the keys are not known and cannot be read now
 */
export const refusalOf = (error: unknown): AuthentikError =>
  error instanceof AuthentikError ? error : refuse(reasonOf(error), error);

function reasonOf(error: unknown): TokenRefusal {
  if (error instanceof errors.JWTExpired) return 'expired';
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'signature';
  if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys)
    return 'unknown_key';
  if (error instanceof errors.JOSEAlgNotAllowed || error instanceof errors.JOSENotSupported) return 'algorithm';
  if (error instanceof errors.JWTClaimValidationFailed) return 'claims';
  return 'malformed';
}
