import { hash } from 'node:crypto';

/** So many revocations; far more than can be alive in any real app. */
const maxEntries = 200_000;
/** After so many new ones those that are over are dropped. */
const sweepEvery = 1_000;

/** Of what a token is, as far as revocations are concerned. */
export interface RevocableToken {
  readonly issuer: string;
  readonly id: string;
  readonly sessionId?: string;
}

/** Whom a revocation hits. */
export type Revocation =
  | { readonly kind: 'token'; readonly tokenHash: string }
  | { readonly kind: 'session'; readonly issuer: string; readonly sessionId: string }
  /** Tokens issued at that moment or before, in epoch seconds. */
  | { readonly kind: 'subject'; readonly issuer: string; readonly subject: string; readonly issuedUntil: number };

/**
 * Name of a token in this list, and in the stores. Of a signed one by what is signed: a signature can be written in several
 * ways (unused bits of base64url, padding, the other `s` of ECDSA), and each of them would be another token.
 */
export function revocationHashOf(token: string): string {
  const end = token.lastIndexOf('.');
  const signed = token.indexOf('.') !== end && token.split('.', 4).length === 3 ? token.slice(0, end) : token;
  return hash('sha256', signed, 'base64url');
}

/** One line for each revocation, as stores keep it. */
export function toMember(revocation: Revocation): string {
  const { kind } = revocation;
  if (kind === 'token') return JSON.stringify([kind, revocation.tokenHash]);
  if (kind === 'session') return JSON.stringify([kind, revocation.issuer, revocation.sessionId]);
  return JSON.stringify([kind, revocation.issuer, revocation.subject, revocation.issuedUntil]);
}

/** @returns `undefined` for what is no such line */
export function fromMember(member: string): Revocation | undefined {
  let parts: unknown;
  try {
    parts = JSON.parse(member);
  } catch {
    return undefined;
  }
  const [kind, first, second, third] = Array.isArray(parts) ? (parts as unknown[]) : [];
  if (typeof first !== 'string') return undefined;
  if (kind === 'token') return { kind, tokenHash: first };
  if (typeof second !== 'string') return undefined;
  if (kind === 'session') return { kind, issuer: first, sessionId: second };
  if (kind !== 'subject' || typeof third !== 'number') return undefined;
  return { kind, issuer: first, subject: second, issuedUntil: third };
}

/** All revocations that can still hit a token, in this process: asked on the path of requests. */
export class RevocationList {
  private added = 0;
  private readonly expiries = new Map<string, number>();
  private readonly tokens = new Set<string>();
  private readonly sessions = new Set<string>();
  private readonly subjects = new Map<string, number>();

  /** Members with the moments when they are over, in epoch seconds. */
  get members(): ReadonlyMap<string, number> {
    this.sweep();
    return this.expiries;
  }

  /** Another one after each addition: a token that nothing hits at one revision is not hit as long as that lasts. */
  get revision(): number {
    return this.added;
  }

  hasToken(token: string): boolean {
    return this.tokens.size > 0 && this.tokens.has(revocationHashOf(token));
  }

  /** @param issuedAt `iat`; `undefined` counts as before everything */
  covers({ issuer, id, sessionId }: RevocableToken, issuedAt: number | undefined): boolean {
    if (this.sessions.size > 0 && sessionId !== undefined && this.sessions.has(keyOf(issuer, sessionId))) return true;
    if (this.subjects.size === 0) return false;
    const issuedUntil = this.subjects.get(keyOf(issuer, id));
    return issuedUntil !== undefined && (issuedAt ?? -Infinity) <= issuedUntil;
  }

  /** @param expiresAt epoch seconds; of one that is there already the later moment counts */
  add(revocation: Revocation, expiresAt: number): void {
    const member = toMember(revocation);
    this.expiries.set(member, Math.max(expiresAt, this.expiries.get(member) ?? -Infinity));
    this.index(revocation);
    this.added += 1;
    if (this.added % sweepEvery === 0) this.sweep();
  }

  private index(revocation: Revocation): void {
    if (revocation.kind === 'token') this.tokens.add(revocation.tokenHash);
    else if (revocation.kind === 'session') this.sessions.add(keyOf(revocation.issuer, revocation.sessionId));
    else {
      const key = keyOf(revocation.issuer, revocation.subject);
      this.subjects.set(key, Math.max(revocation.issuedUntil, this.subjects.get(key) ?? -Infinity));
    }
  }

  /** Drops what is over and, if that is not enough, what is over soonest. */
  private sweep(): void {
    const now = Date.now() / 1000;
    const before = this.expiries.size;
    for (const [member, expiresAt] of this.expiries) if (expiresAt <= now) this.expiries.delete(member);
    if (this.expiries.size > maxEntries) {
      const soonest = [...this.expiries].toSorted(([, a], [, b]) => a - b).slice(0, maxEntries / 10);
      for (const [member] of soonest) this.expiries.delete(member);
    }
    if (this.expiries.size === before) return;
    this.tokens.clear();
    this.sessions.clear();
    this.subjects.clear();
    for (const member of this.expiries.keys()) {
      const revocation = fromMember(member);
      if (revocation !== undefined) this.index(revocation);
    }
  }
}

// No issuer holds a line break.
const keyOf = (issuer: string, name: string) => `${issuer}\n${name}`;
