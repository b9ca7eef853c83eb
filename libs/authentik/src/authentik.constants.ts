/** Options as the app gave them. */
export const AUTHENTIK_RAW_OPTIONS = Symbol('AUTHENTIK_RAW_OPTIONS');
/**
 * What happens to the options before they are checked: an `AuthentikOptionsOverride`. By default nothing. Tests put
 * one here with Nest's `overrideProvider`, to point an app at another Authentik and leave all its other options alone.
 */
export const AUTHENTIK_OPTIONS_OVERRIDE = Symbol('AUTHENTIK_OPTIONS_OVERRIDE');
/** Options checked and with defaults; inject them with `@InjectAuthentikOptions()`. */
export const AUTHENTIK_OPTIONS = Symbol('AUTHENTIK_OPTIONS of AuthentikModule.forRoot() in the root module');
/** Extras of the module: what shapes it, known before any factory runs. */
export const AUTHENTIK_EXTRAS = Symbol('AUTHENTIK_EXTRAS');
/** The {@link RequestAuthenticator}s of this module instance, in the order in which they are asked. */
export const AUTHENTIK_REQUEST_AUTHENTICATORS = Symbol('AUTHENTIK_REQUEST_AUTHENTICATORS');
/** The {@link LoginDoor} of this module instance, where browsers can sign in. */
export const AUTHENTIK_LOGIN_DOOR = Symbol('AUTHENTIK_LOGIN_DOOR');
/** The {@link KeyValueStore} of this module instance: of the options, or in this process. */
export const AUTHENTIK_STORE = Symbol('AUTHENTIK_STORE');

/**
 * What guards ask, by a name that says what to do: where the module was not imported, Nest's error tells the name of the
 * first dependency that it has not found, and none of ours would mean anything to its reader.
 */
export const GUARD_AUTHENTICATION = Symbol('AuthentikModule.forRoot() in the root module');
/** The same, and all that a guard asks which does not authenticate. */
export const GUARD_REFUSALS = Symbol('AuthentikModule.forRoot() in the root module');
