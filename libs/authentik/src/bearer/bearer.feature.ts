import { AUTHENTIK_REQUEST_AUTHENTICATOR } from '../authentik.constants.js';
import { BearerAuthenticator } from './bearer.authenticator.js';

export const bearerFeature = {
  providers: [BearerAuthenticator, { provide: AUTHENTIK_REQUEST_AUTHENTICATOR, useExisting: BearerAuthenticator }],
  exports: [AUTHENTIK_REQUEST_AUTHENTICATOR],
};
