import { AddressLimits } from '../limits/address-limits.js';
import { BackchannelLogout } from './backchannel-logout.js';
import { Logout } from './logout.js';
import { LogoutTokenVerifier } from './logout-token.verifier.js';
import { LogoutRoutes } from './logout.routes.js';

export const logoutFeature = {
  providers: [AddressLimits, LogoutTokenVerifier, BackchannelLogout, Logout, LogoutRoutes],
  exports: [],
};
