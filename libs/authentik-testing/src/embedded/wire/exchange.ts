import type { Request, Response } from 'express';
import { parseCookie } from 'cookie';
import type { Provider } from '../directory/entries.js';
import type { BrowserSession } from '../issued/records.js';
import type { Habits } from '../versions.js';
import { iriToUri } from './encoding.js';
import type { World } from './world.js';

/** Name of the session's cookie. */
export const SESSION_COOKIE = 'authentik_session';

/** One request and the answer to it, with what Authentik's framework gives every view. */
export class Exchange {
  /** Query parameters; of a repeated one the last value counts. */
  readonly query: ReadonlyMap<string, string>;
  #given: BrowserSession | undefined;
  /** Form parameters; empty for any other kind of body. */
  readonly form: ReadonlyMap<string, string>;

  constructor(
    readonly world: World,
    readonly request: Request,
    readonly response: Response,
    /** 32 hex characters; also in `X-authentik-id`. */
    readonly requestId: string,
  ) {
    this.query = new Map(new URLSearchParams(this.rawQuery));
    this.form = formOf(request);
  }

  get habits(): Habits {
    return this.world.habits;
  }

  /** What stands after the question mark, as sent. */
  get rawQuery(): string {
    const at = this.request.originalUrl.indexOf('?');
    return at === -1 ? '' : this.request.originalUrl.slice(at + 1);
  }

  header(name: string): string | undefined {
    const value = this.request.headers[name];
    return Array.isArray(value) ? value.join(', ') : value;
  }

  /** Scheme and host as the caller sees them: the issuer follows them. `X-Forwarded-Host` is not heeded. */
  get baseUrl(): string {
    const forwarded = this.header('x-forwarded-proto')?.split(',', 1)[0]?.trim();
    return `${forwarded === 'https' ? 'https' : 'http'}://${this.header('host') ?? 'localhost'}`;
  }

  /** @returns the issuer with its final slash; undefined for a provider without application */
  issuer(provider: Provider): string | undefined {
    return issuerOf(this.baseUrl, provider);
  }

  /** @returns the browser's session: the one that this answer gives it, or the one that its cookie names */
  get session(): BrowserSession | undefined {
    if (this.#given !== undefined) return this.#given;
    return this.world.issued.session(parseCookie(this.header('cookie') ?? '')[SESSION_COOKIE]);
  }

  /** @returns the browser's session; a new one, signed out, if it has none */
  ensureSession(): BrowserSession {
    const session = this.session ?? this.world.issued.newSession();
    if (this.#given !== session) this.setSessionCookie(session);
    return session;
  }

  setSessionCookie(session: BrowserSession): void {
    this.#given = session;
    this.response.setHeader('Set-Cookie', `${SESSION_COOKIE}=${session.key}; HttpOnly; Path=/; SameSite=Lax`);
  }

  /** Language of the answer: the one that a request of this browser asked for. */
  get locale(): string {
    return this.session?.locale ?? 'en';
  }

  /** @returns the body as JSON, an empty object if there is none. @throws {SyntaxError} not JSON, or not said to be */
  jsonBody(): unknown {
    const { body } = this.request as { body: unknown };
    if (!Buffer.isBuffer(body) || body.length === 0) return {};
    const contentType = this.header('content-type')?.split(';', 1)[0]?.trim().toLowerCase();
    if (contentType !== 'application/json') throw new SyntaxError('Not JSON.');
    return JSON.parse(body.toString('utf8'));
  }

  clearSessionCookie(): void {
    this.response.append('Set-Cookie', `${SESSION_COOKIE}=""; Max-Age=0; Path=/; SameSite=Lax`);
  }

  /** An answer of the API under `/api/v3`; its content type once named a charset. */
  apiJson(status: number, body: unknown): void {
    const charset = this.habits.apiCharset ? '; charset=utf-8' : '';
    this.response.status(status).setHeader('Content-Type', `application/json${charset}`);
    this.response.end(JSON.stringify(body));
  }

  html(status: number, page: string): void {
    this.response.status(status).set('Content-Type', 'text/html; charset=utf-8').end(page);
  }

  empty(status: number, headers: Readonly<Record<string, string>> = {}): void {
    this.response.status(status).set('Content-Type', 'text/html; charset=utf-8').set(headers).end();
  }

  json(status: number, body: unknown, indent?: number): void {
    // `set` would add a charset, which Authentik's answers don't have.
    this.response.status(status).setHeader('Content-Type', 'application/json');
    this.response.end(JSON.stringify(body, undefined, indent));
  }

  /** JSON that must not be kept: answers with tokens, and about them. */
  tokenJson(status: number, body: unknown): void {
    this.response.set({ 'Cache-Control': 'no-store', Pragma: 'no-cache' });
    this.json(status, body);
  }

  /** Redirects, to whatever address it is: the caller has checked it. */
  redirect(location: string): void {
    // As Authentik's framework does; a header could not hold the rest.
    this.empty(302, { Location: iriToUri(location) });
  }
}

/** @returns the issuer of a provider under a base URL */
export function issuerOf(baseUrl: string, provider: Provider): string | undefined {
  if (provider.application === undefined) return undefined;
  return provider.issuerMode === 'global' ? `${baseUrl}/` : `${baseUrl}/application/o/${provider.application.slug}/`;
}

function formOf(request: Request): ReadonlyMap<string, string> {
  const contentType = request.headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase();
  if (contentType !== 'application/x-www-form-urlencoded' || !Buffer.isBuffer(request.body)) return new Map();
  return new Map(new URLSearchParams(request.body.toString('utf8')));
}
