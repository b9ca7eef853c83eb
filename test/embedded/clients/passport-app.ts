import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import express from 'express';
import session from 'express-session';
import { Passport } from 'passport';
import OpenIDConnectStrategy from 'passport-openidconnect';
import type { EmbeddedAuthentik } from 'nestjs-authentik-testing';

/** The client that the app is, at the embedded Authentik. */
export const client = { slug: 'web', clientId: 'web', clientSecret: 'web-secret-of-enough-length' } as const;

/** What the app tells of who is signed in. */
interface WebUser {
  readonly id: string;
  readonly username: string | undefined;
}

/** A web app as its manual writes it: express-session and passport-openidconnect, unchanged, at whatever paths. */
export async function startPassportApp(
  authentik: EmbeddedAuthentik,
  { loginPath = '/login' }: { readonly loginPath?: string } = {},
): Promise<{ server: Server; url: string; stop(): Promise<void> }> {
  const app = express();
  const server = await new Promise<Server>((resolve) => {
    const listening = app.listen(0, '127.0.0.1', () => resolve(listening));
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const passport = new Passport();
  passport.use(
    new OpenIDConnectStrategy(
      {
        issuer: authentik.issuer(client.slug),
        authorizationURL: `${authentik.url}/application/o/authorize/`,
        tokenURL: `${authentik.url}/application/o/token/`,
        userInfoURL: `${authentik.url}/application/o/userinfo/`,
        clientID: client.clientId,
        clientSecret: client.clientSecret,
        callbackURL: `${url}/oauth2/redirect`,
        scope: ['profile'],
      },
      (_issuer: string, profile: OpenIDConnectStrategy.Profile, verified: OpenIDConnectStrategy.VerifyCallback) =>
        verified(null, { id: profile.id, username: profile.username } satisfies WebUser),
    ),
  );
  passport.serializeUser((user, done) => done(null, user));
  passport.deserializeUser((user: Express.User, done) => done(null, user));

  app.use(session({ secret: 'a secret of this test alone', resave: false, saveUninitialized: false }));
  app.use(passport.initialize(), passport.session());
  app.get(loginPath, passport.authenticate('openidconnect') as express.RequestHandler);
  app.get(
    '/oauth2/redirect',
    passport.authenticate('openidconnect', { failureRedirect: '/failed' }) as express.RequestHandler,
    (_request, response) => {
      // Without a body, so that express-session keeps the session before the browser hears of it.
      response.status(302).set('Location', '/me').end();
    },
  );
  app.get('/me', (request, response) => {
    if (request.user === undefined) response.status(401).end();
    else response.json(request.user);
  });
  app.get('/failed', (_request, response) => {
    response.status(401).send('The sign-in failed.');
  });
  const stop = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return { server, url, stop };
}
