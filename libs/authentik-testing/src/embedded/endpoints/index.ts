import type { Endpoint } from '../wire/endpoint.js';
import type { Habits } from '../versions.js';
import { api } from './api.js';
import { authorize } from './authorize.js';
import { deviceAuthorization } from './device-authorization.js';
import { deviceVerification } from './device-verification.js';
import { discovery, oauthMetadata, providerRoot } from './discovery.js';
import { github } from './github.js';
import { health, root, stylesheet } from './health.js';
import { introspect } from './introspect.js';
import { jwks } from './jwks.js';
import { launch } from './launch.js';
import { revoke } from './revoke.js';
import { endSession, sessionEnd } from './sign-out/end-session.js';
import { defaultInvalidation, invalidationFlows } from './sign-out/invalidation-flow.js';
import { token } from './token.js';
import { userinfo } from './userinfo.js';
import { webfinger } from './webfinger.js';
import { flowExecutor } from './flow-executor.js';
import { flowPages } from './flow-page.js';
import { cancelFlow, defaultAuthentication } from './flow-redirects.js';
import { policyBuffer } from './policy-buffer.js';

/** All endpoints that a version has; the global ones stand before those that begin with a slug. */
export function endpointsOf(habits: Habits): readonly Endpoint[] {
  return [
    authorize,
    token,
    userinfo,
    introspect,
    revoke,
    deviceAuthorization,
    deviceVerification,
    discovery,
    ...(habits.oauthMetadataPath ? [oauthMetadata] : []),
    jwks,
    endSession(habits),
    ...(habits.endSessionRunsFlow ? [] : [sessionEnd]),
    providerRoot,
    defaultAuthentication,
    defaultInvalidation,
    ...invalidationFlows,
    cancelFlow,
    ...flowPages,
    flowExecutor,
    policyBuffer,
    ...health,
    stylesheet,
    ...root,
    webfinger,
    launch,
    ...github,
    ...api,
  ];
}
