import { BearerAuthenticator } from './bearer.authenticator.js';

export const bearerFeature = { providers: [BearerAuthenticator], exports: [] };
