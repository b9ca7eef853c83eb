import type { ServerResponse } from 'node:http';

import { Inject, Injectable } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';

import { AUTHENTIK_OPTIONS, AUTHENTIK_STORE } from '../../authentik.constants.js';
import { AuthentikConfigError, type AuthentikError } from '../../errors/index.js';
import { AuthentikLogger } from '../../observability/authentik-logger.js';
import { isLoopback, type ResolvedAuthentikOptions } from '../../options/index.js';
import type { KeyValueStore } from '../../stores/key-value-store.js';
import { SessionStore, storeUnavailable } from '../store/session-store.js';
import { SessionSecrets } from '../tokens/session-secrets.js';
import type { SessionRequest } from './express-session.js';

/** Longest wait for the store of sessions, in milliseconds: some clients wait for theirs without end. */
const longestWaitMs = 800;

type Next = (error?: unknown) => void;
type Middleware = (request: SessionRequest, response: ServerResponse, next: Next) => void;

/** Runs `express-session` for the whole app, and stays calm where its store is away. */
@Injectable()
export class SessionMiddleware {
  private readonly failures = new WeakMap<object, AuthentikError>();

  constructor(
    @Inject(AUTHENTIK_OPTIONS) private readonly options: ResolvedAuthentikOptions,
    @Inject(AUTHENTIK_STORE) private readonly values: KeyValueStore,
    private readonly adapterHost: HttpAdapterHost,
    private readonly store: SessionStore,
    private readonly secrets: SessionSecrets,
    private readonly logger: AuthentikLogger,
  ) {}

  /** Why the session of a request could not be read. */
  failureOf(request: object): AuthentikError | undefined {
    return this.failures.get(request);
  }

  /**
   * Called while the app initialises, before its own routes are registered.
   * @throws {AuthentikConfigError} `express-session` is not installed
   */
  async mount(): Promise<void> {
    const { session } = this.options;
    if (session === undefined) return;
    this.warn();
    if (!session.mount) return;
    const { default: expressSession } = await import('express-session').catch((cause: unknown) => {
      throw notInstalled(cause);
    });
    const run = expressSession({
      name: session.cookieName,
      secret: [...this.secrets.signing],
      store: this.store.open(expressSession.Store) as InstanceType<typeof expressSession.Store>,
      cookie: this.store.cookie,
      resave: false,
      saveUninitialized: false,
      // `unset: 'destroy'` would end every session whose store was too slow to show it.
      unset: 'keep',
    }) as unknown as Middleware;
    const middleware: Middleware = (request, response, next) => this.run(run, request, response, next);
    this.adapterHost.httpAdapter.use(middleware);
  }

  private run(run: Middleware, request: SessionRequest, response: ServerResponse, next: Next): void {
    // Such a request is judged by its token alone, and most of them come from programs.
    if (request.headers.authorization?.startsWith('Bearer ') === true) return next();
    let isOver = false;
    let timer: NodeJS.Timeout | undefined;
    const goOn = (error?: unknown) => {
      clearTimeout(timer);
      // Of what fails once the answer is on its way, nobody is told but the operator.
      if (error !== undefined && error !== null) this.note(request, error);
      if (isOver) return;
      isOver = true;
      next();
    };
    // Only whoever has the cookie makes express-session ask its store; and our own does not let anybody wait.
    if (!this.store.isOwn && request.headers.cookie?.includes(`${this.options.session?.cookieName}=`) === true) {
      timer = setTimeout(() => goOn(new Error('it does not answer')), longestWaitMs);
    }
    run(request, response, goOn);
  }

  private note(request: object, cause: unknown): void {
    const error = storeUnavailable(cause);
    this.failures.set(request, error);
    this.logger.warn(error.message);
  }

  private warn(): void {
    const { session } = this.options;
    if (session === undefined) return;
    if (session.isSecretMade) {
      const line =
        'session.secrets is not set: a secret was made for this start, and everybody is signed out by the next one. Set ' +
        'AUTHENTIK_SESSION_SECRET to the output of `openssl rand -base64 32`; to change it later, put the new one before ' +
        'the old one, with a comma between.';
      // On a developer's own machine nothing is wrong with that.
      if (isLoopback(this.options.publicUrl)) this.logger.log(line);
      else this.logger.warn(line);
    }
    if (process.env['NODE_ENV'] !== 'production' || this.values.isShared) return;
    const own = session.mount && session.store === undefined;
    this.logger.warn(
      own
        ? 'SESSIONS ARE KEPT IN THIS PROCESS: they end with it, and no other process knows them. Set redis: { url } for production.'
        : 'Which sessions belong to whom is kept in this process alone: with several, signing out at Authentik ends only those ' +
            'that this one began. Set redis: { url } besides the store.',
    );
  }
}

const notInstalled = (cause: unknown) =>
  Object.assign(
    new AuthentikConfigError([
      {
        option: 'session',
        problem: 'needs the package express-session, which is not installed.',
        remedy: 'Run `npm install express-session`.',
      },
    ]),
    { cause },
  );
