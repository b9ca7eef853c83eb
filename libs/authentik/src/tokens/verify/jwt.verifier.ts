import { Inject, Injectable } from '@nestjs/common';
import { decodeJwt, decodeProtectedHeader, errors, type JWTPayload, jwtVerify } from 'jose';

import { AUTHENTIK_OPTIONS } from '../../authentik.constants.js';
import { AuthentikError, type ClaimedIdentity, type TokenRefusal, TokenVerificationError } from '../../errors/index.js';
import type { AuthentikApplication, ResolvedAuthentikOptions } from '../../options/index.js';
import type { AuthentikClaims } from '../../protocol/claims.types.js';
import { SigningKeys } from './signing-keys.js';

/** What Authentik signs with. HS256 is not among them: its key would be a secret, never one of the published keys. */
export const publishedKeyAlgorithms = ['RS256', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'];

/** No Authentik token comes near; a longer one is not worth decoding. */
const maxTokenCharacters = 16 * 1024;

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

export const refuse = (reason: TokenRefusal, cause?: unknown, payload?: JWTPayload) =>
  new TokenVerificationError(reason, refusals[reason], {
    ...(cause !== undefined && { cause }),
    ...(payload !== undefined && { claimed: claimedIdentity(payload) }),
  });

function claimedIdentity({ azp, sub }: JWTPayload): ClaimedIdentity {
  return {
    ...(typeof azp === 'string' && { clientId: azp }),
    ...(typeof sub === 'string' && { subject: sub }),
  };
}

/** What a token's signature has proved. */
export interface VerifiedJwt {
  readonly claims: AuthentikClaims;
  readonly application: AuthentikApplication;
  readonly algorithm: string;
  /** Name of the key, if the token says one. */
  readonly kid: string | undefined;
}

/**
 * Judges an access token by its signature and claims, without asking Authentik.
 *
 * What can be seen for free is judged first, so that a hopeless token costs neither a signature check nor a call. All
 * of it is judged again by `jose` on the verified payload.
 * @see RFC 8725, RFC 9068 §4
 */
@Injectable()
export class JwtVerifier {
  constructor(
    @Inject(AUTHENTIK_OPTIONS) private readonly options: ResolvedAuthentikOptions,
    private readonly keys: SigningKeys,
  ) {}

  /**
   * @param accessToken compact JWT, without the scheme
   * @throws {TokenVerificationError} it is not acceptable; `reason` says why
   * @throws {AuthentikUnavailableError} the keys are not known and cannot be read now
   */
  async verify(accessToken: string): Promise<VerifiedJwt> {
    const { algorithm, application } = this.precheck(accessToken);
    const checks = {
      algorithms: [algorithm],
      issuer: application.issuer,
      audience: application.audience,
      clockTolerance: this.options.tokens.clockToleranceSeconds,
      requiredClaims: ['exp', 'sub'],
    };
    try {
      // By algorithm, which the options let through: a secret never meets a published key.
      const { payload, protectedHeader } = await (algorithm === 'HS256'
        ? jwtVerify(accessToken, new TextEncoder().encode(application.clientSecret), checks)
        : jwtVerify(accessToken, this.keys.of(application).find, checks));
      this.judgeClaims(payload);
      return { claims: payload as AuthentikClaims, application, algorithm, kid: protectedHeader.kid };
    } catch (error) {
      throw error instanceof AuthentikError ? error : refuse(reasonOf(error), error);
    }
  }

  /**
   * What can be seen without a key: form, algorithm, and the claims as the token tells them.
   * @returns the algorithm of its header, and the one application that the token can be of
   * @throws {TokenVerificationError} it is not acceptable, whatever its signature
   */
  precheck(accessToken: string): { algorithm: string; application: AuthentikApplication } {
    if (accessToken.length > maxTokenCharacters) throw refuse('malformed');
    let header: ReturnType<typeof decodeProtectedHeader>;
    let payload: JWTPayload;
    try {
      header = decodeProtectedHeader(accessToken);
      payload = decodeJwt(accessToken);
    } catch (error) {
      throw refuse('malformed', error);
    }
    const { alg } = header;
    const isSymmetric = alg === 'HS256' && this.options.tokens.acceptHs256;
    if (alg === undefined || !(isSymmetric || publishedKeyAlgorithms.includes(alg)))
      throw refuse('algorithm', undefined, payload);
    const application = this.judgeClaims(payload);
    if (isSymmetric && application.clientSecret === undefined) throw refuse('algorithm', undefined, payload);
    return { algorithm: alg, application };
  }

  /** @returns the one application that the token can be of */
  private judgeClaims(payload: JWTPayload): AuthentikApplication {
    const { applications, tokens } = this.options;
    const no = (reason: TokenRefusal) => refuse(reason, undefined, payload);
    const ofIssuer = applications.filter(({ issuer }) => issuer === payload.iss);
    if (ofIssuer.length === 0) throw no('issuer');
    const { aud, azp, uid, sub, exp, nbf } = payload as JWTPayload & { azp?: unknown; uid?: unknown };
    const names = (audience: string) => aud === audience || (Array.isArray(aud) && aud.includes(audience));
    if (!ofIssuer.some(({ audience }) => names(audience))) throw no('audience');
    // ID tokens have the same issuer, audience and key; only these two tell them apart.
    if (typeof azp !== 'string' || typeof uid !== 'string') throw no('not_an_access_token');
    // Issuer, audience and client of one entry: never those of one with those of another.
    const application = ofIssuer.find(({ clientId, audience }) => clientId === azp && names(audience));
    if (application === undefined) throw no('audience');
    if (typeof sub !== 'string' || sub === '' || typeof exp !== 'number') throw no('claims');
    const now = Date.now() / 1000;
    if (exp <= now - tokens.clockToleranceSeconds) throw no('expired');
    if (nbf !== undefined && !(nbf <= now + tokens.clockToleranceSeconds)) throw no('not_yet_valid');
    return application;
  }
}

function reasonOf(error: unknown): TokenRefusal {
  if (error instanceof errors.JWTExpired) return 'expired';
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'signature';
  if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys)
    return 'unknown_key';
  if (error instanceof errors.JOSEAlgNotAllowed || error instanceof errors.JOSENotSupported) return 'algorithm';
  if (error instanceof errors.JWTClaimValidationFailed) return 'claims';
  return 'malformed';
}
