import { Inject, Injectable } from '@nestjs/common';
import type { JWTPayload } from 'jose';
import { decodeProtectedHeader } from 'jose/decode/protected_header';
import * as errors from 'jose/errors';
import { decodeJwt } from 'jose/jwt/decode';
import { jwtVerify } from 'jose/jwt/verify';

import { AUTHENTIK_OPTIONS } from '../../authentik.constants.js';
import { AuthentikError, LogoutTokenError, type LogoutTokenRefusal } from '../../errors/index.js';
import type { AuthentikApplication, ResolvedAuthentikOptions } from '../../options/index.js';
import { publishedKeyAlgorithms } from '../../tokens/verify/jwt.verifier.js';
import { SigningKeys } from '../../tokens/verify/signing-keys.js';

/** A longer one is not worth decoding. */
export const maxLogoutTokenBytes = 16 * 1024;

const logoutEvent = 'http://schemas.openid.net/event/backchannel-logout';

/** `JWT` up to Authentik 2025.12.1. RFC 7515 §4.1.9 lets the prefix of a media type away, and heeds no case. */
const types = new Set(['logout+jwt', 'jwt']);

/** Authentik 2025.8 writes no `exp`; later ones expire after so long. */
const lifeWithoutExpirySeconds = 3600;

const refusals: Record<LogoutTokenRefusal, string> = {
  not_a_form: 'What was posted is not one form with one logout_token.',
  too_large: 'What was posted has over 16 KiB.',
  malformed: 'The logout token is not a JWT.',
  encrypted:
    'The logout token is encrypted. Take "Encryption Key" out of the provider: this library holds no key to decrypt with.',
  type: 'The token says of itself that it is something else than a logout token.',
  algorithm: 'The logout token is signed with an algorithm that Authentik does not use with published keys.',
  unknown_key: 'The logout token is signed with a key that Authentik does not publish.',
  signature: 'The signature of the logout token does not match.',
  issuer: 'The logout token comes from another issuer.',
  audience: 'The logout token is for another application.',
  events: 'The token names no back-channel logout among its events, so it is no logout token.',
  nonce: 'The token has a nonce, which no logout token has.',
  subject: 'The logout token names neither a session nor a person.',
  token_id: 'The logout token has no jti, so nobody could tell whether it was sent before.',
  issued_at: 'The logout token does not say when it was issued, or was issued in the future.',
  expired: 'The logout token expired.',
  replayed: 'The logout token was sent before.',
};

export const refuseLogoutToken = (reason: LogoutTokenRefusal, cause?: unknown): LogoutTokenError =>
  new LogoutTokenError(reason, refusals[reason], { cause });

/** What a logout token says, now that it is proved. */
export interface VerifiedLogoutToken {
  readonly issuer: string;
  /** `sid`: the Authentik session that ended. */
  readonly sessionId?: string;
  /** `sub`: whose session it was. */
  readonly subject?: string;
  /** `jti` */
  readonly tokenId: string;
  /** `iat`, in epoch seconds. */
  readonly issuedAt: number;
  /** When it is of no use any more, allowed clock difference included, in epoch seconds. */
  readonly expiresAt: number;
}

interface Judged {
  readonly application: AuthentikApplication;
  readonly token: VerifiedLogoutToken;
}

/**
 * Judges a logout token. What can be seen for free is judged first, so that a hopeless one costs neither a signature
 * check nor a call; all of it is judged again on the verified payload. Whether it was sent before is not judged here.
 * @see OpenID Connect Back-Channel Logout 1.0 §2.6
 */
@Injectable()
export class LogoutTokenVerifier {
  constructor(
    @Inject(AUTHENTIK_OPTIONS) private readonly options: ResolvedAuthentikOptions,
    private readonly keys: SigningKeys,
  ) {}

  /**
   * @throws {LogoutTokenError} it is not acceptable; `reason` says why
   * @throws {AuthentikUnavailableError} the keys are not known and cannot be read now
   */
  async verify(logoutToken: string): Promise<VerifiedLogoutToken> {
    const { algorithm, application } = this.precheck(logoutToken);
    const { clientId, clientSecret, issuer } = application;
    const checks = {
      algorithms: [algorithm],
      issuer,
      audience: clientId,
      clockTolerance: this.options.tokens.clockToleranceSeconds,
      requiredClaims: ['iat', 'jti', 'events'],
    };
    try {
      // By algorithm, which the options let through: a secret never meets a published key.
      const { payload } = await (algorithm === 'HS256'
        ? jwtVerify(logoutToken, new TextEncoder().encode(clientSecret), checks)
        : jwtVerify(logoutToken, this.keys.of(application).find, checks));
      return this.judgeClaims(payload).token;
    } catch (error) {
      throw error instanceof AuthentikError ? error : refuseLogoutToken(reasonOf(error), error);
    }
  }

  private precheck(logoutToken: string): { algorithm: string; application: AuthentikApplication } {
    if (logoutToken.length > maxLogoutTokenBytes) throw refuseLogoutToken('too_large');
    if (logoutToken.split('.', 6).length === 5) throw refuseLogoutToken('encrypted');
    let header: ReturnType<typeof decodeProtectedHeader>;
    let payload: JWTPayload;
    try {
      header = decodeProtectedHeader(logoutToken);
      payload = decodeJwt(logoutToken);
    } catch (error) {
      throw refuseLogoutToken('malformed', error);
    }
    const { alg, typ } = header;
    const type = typeof typ === 'string' ? typ.toLowerCase().replace(/^application\//u, '') : '';
    if (!types.has(type)) throw refuseLogoutToken('type');
    const isSymmetric = alg === 'HS256' && this.options.tokens.acceptHs256;
    if (alg === undefined || !(isSymmetric || publishedKeyAlgorithms.includes(alg)))
      throw refuseLogoutToken('algorithm');
    const { application } = this.judgeClaims(payload);
    if (isSymmetric && application.clientSecret === undefined) throw refuseLogoutToken('algorithm');
    return { algorithm: alg, application };
  }

  private judgeClaims(payload: JWTPayload): Judged {
    const { iss, aud, sub, sid, jti, iat, exp, nonce, events } = payload as JWTPayload & Record<string, unknown>;
    const ofIssuer = this.options.applications.filter(({ issuer }) => issuer === iss);
    if (ofIssuer.length === 0) throw refuseLogoutToken('issuer');
    // The client id, whatever `aud` a property mapping gives other tokens: mappings make no logout tokens.
    const application = ofIssuer.find(
      ({ clientId }) => aud === clientId || (Array.isArray(aud) && aud.includes(clientId)),
    );
    if (application === undefined) throw refuseLogoutToken('audience');
    if (!isObject(events) || !isObject(events[logoutEvent])) throw refuseLogoutToken('events');
    if (nonce !== undefined) throw refuseLogoutToken('nonce');
    const sessionId = name(sid);
    const subject = name(sub);
    if (sessionId === undefined && subject === undefined) throw refuseLogoutToken('subject');
    const tokenId = name(jti);
    if (tokenId === undefined) throw refuseLogoutToken('token_id');
    const now = Date.now() / 1000;
    const { clockToleranceSeconds } = this.options.tokens;
    if (typeof iat !== 'number' || !(iat <= now + clockToleranceSeconds)) throw refuseLogoutToken('issued_at');
    const expiresAt = (exp ?? iat + lifeWithoutExpirySeconds) + clockToleranceSeconds;
    if (!(expiresAt > now)) throw refuseLogoutToken('expired');
    return {
      application,
      token: {
        issuer: application.issuer,
        ...(sessionId !== undefined && { sessionId }),
        ...(subject !== undefined && { subject }),
        tokenId,
        issuedAt: iat,
        expiresAt,
      },
    };
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const name = (value: unknown) => (typeof value === 'string' && value !== '' ? value : undefined);

function reasonOf(error: unknown): LogoutTokenRefusal {
  if (error instanceof errors.JWTExpired) return 'expired';
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'signature';
  if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys)
    return 'unknown_key';
  if (error instanceof errors.JOSEAlgNotAllowed || error instanceof errors.JOSENotSupported) return 'algorithm';
  return 'malformed';
}
