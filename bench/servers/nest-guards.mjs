import { hash } from 'node:crypto';

import { PassportStrategy } from '@nestjs/passport';
import { requireBearerAuth } from '@modelcontextprotocol/express';
import { auth } from 'express-oauth2-jwt-bearer';
import * as openidClient from 'openid-client';
import { Strategy } from 'passport-http-bearer';

import { benchGroup } from '../common/bench-group.mjs';
import { createVerifier } from './by-hand.mjs';

/** A guard of Nest that does nothing: the limit for every other one. */
export class NothingGuard {
  canActivate() {
    return true;
  }
}

/** A guard around a middleware of Express, and what it leaves at the request. */
const guardOf = (middleware, groupsOf) =>
  class MiddlewareGuard {
    async canActivate(context) {
      const http = context.switchToHttp();
      const request = http.getRequest();
      await new Promise((resolve, reject) => {
        middleware(request, http.getResponse(), (error) => (error ? reject(error) : resolve()));
      });
      return groupsOf(request.auth).includes(benchGroup);
    }
  };

const idOf = (authorization = '') => hash('sha256', authorization.slice('Bearer '.length), 'base64url');

/** What apps use that do not use this library, each as a guard that looks for the same group. */
export async function createPeerGuards(options) {
  const { url, applicationSlug, clientId, clientSecret } = options;
  const issuer = `${url}/application/o/${applicationSlug}/`;
  const verify = await createVerifier(options);

  class JoseGuard {
    async canActivate(context) {
      const request = context.switchToHttp().getRequest();
      request.user = await verify(request.headers.authorization);
      return request.user !== undefined;
    }
  }

  const known = new Map();
  /** What an app writes that remembers verified tokens and keeps none of them: found by SHA-256, and good until it expires. */
  class MapGuard {
    canActivate(context) {
      const request = context.switchToHttp().getRequest();
      const user = known.get(idOf(request.headers.authorization));
      if (user === undefined) return this.verify(request);
      if (user.exp <= Date.now() / 1000) return false;
      request.user = user;
      return user.groups.includes(benchGroup);
    }

    async verify(request) {
      const { authorization } = request.headers;
      request.user = await verify(authorization);
      if (request.user !== undefined) known.set(idOf(authorization), request.user);
      return request.user !== undefined;
    }
  }

  const configuration = await openidClient.discovery(new URL(issuer), clientId, clientSecret, undefined, {
    execute: [openidClient.allowInsecureRequests],
  });
  class UserInfoGuard {
    async canActivate(context) {
      const request = context.switchToHttp().getRequest();
      const token = request.headers.authorization?.slice('Bearer '.length);
      if (token === undefined) return false;
      request.user = await openidClient.fetchUserInfo(configuration, token, openidClient.skipSubjectCheck);
      return request.user.groups.includes(benchGroup);
    }
  }

  class BenchStrategy extends PassportStrategy(Strategy, 'bench', 1) {
    async validate(token) {
      return (await verify(`Bearer ${token}`)) ?? false;
    }
  }

  const mcpMiddleware = requireBearerAuth({
    verifier: {
      async verifyAccessToken(token) {
        const claims = await verify(`Bearer ${token}`);
        if (claims === undefined) throw new Error('not acceptable');
        return { token, clientId: claims.azp, scopes: claims.scope.split(' '), expiresAt: claims.exp, extra: claims };
      },
    },
  });
  const auth0Middleware = auth({ issuerBaseURL: issuer, audience: clientId, tokenSigningAlg: 'RS256' });

  return {
    MapGuard,
    JoseGuard,
    UserInfoGuard,
    BenchStrategy,
    ExpressOAuth2Guard: guardOf(auth0Middleware, ({ payload }) => payload.groups),
    McpSdkGuard: guardOf(mcpMiddleware, ({ extra }) => extra.groups),
  };
}
