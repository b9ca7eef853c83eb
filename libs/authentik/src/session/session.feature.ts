import { logoutFeature } from './logout/logout.feature.js';
import { SessionRegistry } from './store/session-registry.js';
import { SessionStore } from './store/session-store.js';
import { TokenSealer } from './tokens/sealed-tokens.js';
import { SessionSecrets } from './tokens/session-secrets.js';
import { TokenVault } from './tokens/token-vault.js';

export const sessionFeature = {
  providers: [SessionSecrets, TokenSealer, SessionStore, TokenVault, SessionRegistry, ...logoutFeature.providers],
  exports: [SessionRegistry],
};
