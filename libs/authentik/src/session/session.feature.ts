import { AUTHENTIK_LOGIN_DOOR } from '../authentik.constants.js';
import { LoginRedirects } from './login/login-door.js';
import { LoginFailures } from './login/login-failures.js';
import { LoginRoutes } from './login/login.routes.js';
import { PendingLogins } from './login/pending-logins.js';
import { SignInSessions } from './login/sign-in-sessions.js';
import { SessionMiddleware } from './mount/session-middleware.js';
import { SessionRoutes } from './mount/session-routes.js';
import { SessionPaths } from './session-paths.js';
import { SessionAuthenticator } from './session.authenticator.js';
import { logoutFeature } from './logout/logout.feature.js';
import { SessionRegistry } from './store/session-registry.js';
import { SessionStore } from './store/session-store.js';
import { KeptTokens } from './tokens/kept-tokens.js';
import { TokenSealer } from './tokens/sealed-tokens.js';
import { SessionSecrets } from './tokens/session-secrets.js';
import { SessionUpkeep } from './tokens/session-upkeep.js';
import { TokenVault } from './tokens/token-vault.js';

export const sessionFeature = {
  providers: [
    SessionPaths,
    SessionSecrets,
    TokenSealer,
    SessionStore,
    TokenVault,
    KeptTokens,
    SessionRegistry,
    SessionMiddleware,
    SessionUpkeep,
    SessionAuthenticator,
    PendingLogins,
    SignInSessions,
    LoginFailures,
    LoginRoutes,
    LoginRedirects,
    { provide: AUTHENTIK_LOGIN_DOOR, useExisting: LoginRedirects },
    ...logoutFeature.providers,
    SessionRoutes,
  ],
  exports: [SessionRegistry],
};
