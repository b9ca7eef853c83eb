import type { Endpoint } from '../wire/endpoint.js';
import type { Habits } from '../versions.js';
import { authorize } from './authorize.js';
import { consentFlows } from './consent.js';
import { discovery, oauthMetadata, providerRoot } from './discovery.js';
import { health, root, stylesheet } from './health.js';
import { introspect } from './introspect.js';
import { jwks } from './jwks.js';
import { revoke } from './revoke.js';
import { defaultAuthentication, signIn } from './sign-in.js';
import { token } from './token.js';
import { userinfo } from './userinfo.js';

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
    providerRoot,
    defaultAuthentication,
    signIn,
    ...consentFlows,
    ...health,
    stylesheet,
    ...root,
  ];
}
