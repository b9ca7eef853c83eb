import type { Endpoint } from '../wire/endpoint.js';
import type { Habits } from '../versions.js';
import { api } from './api.js';
import { authorize } from './authorize.js';
import { consentFlows } from './consent.js';
import { discovery, oauthMetadata, providerRoot } from './discovery.js';
import { github } from './github.js';
import { health, root, stylesheet } from './health.js';
import { introspect } from './introspect.js';
import { jwks } from './jwks.js';
import { launch } from './launch.js';
import { revoke } from './revoke.js';
import { defaultAuthentication, signIn } from './sign-in.js';
import { endSession, sessionEnd } from './sign-out/end-session.js';
import { defaultInvalidation, invalidationFlows } from './sign-out/invalidation-flow.js';
import { token } from './token.js';
import { userinfo } from './userinfo.js';
import { webfinger } from './webfinger.js';

/** All endpoints that a version has; the global ones stand before those that begin with a slug. */
export function endpointsOf(habits: Habits): readonly Endpoint[] {
  return [
    authorize,
    token,
    userinfo,
    introspect,
    revoke,
    discovery,
    ...(habits.oauthMetadataPath ? [oauthMetadata] : []),
    jwks,
    endSession(habits),
    ...(habits.endSessionRunsFlow ? [] : [sessionEnd]),
    providerRoot,
    defaultAuthentication,
    signIn,
    defaultInvalidation,
    ...invalidationFlows,
    ...consentFlows,
    ...health,
    stylesheet,
    ...root,
    webfinger,
    launch,
    ...github,
    ...api,
  ];
}
