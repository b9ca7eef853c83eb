/** Values of `tokens.validation`. */
export const tokenValidations = ['local', 'introspect', 'local+introspect'] as const;
export type TokenValidation = (typeof tokenValidations)[number];

/** How access tokens are judged. */
export class AuthentikTokenOptions {
  /**
   * Who judges a token. `local`: its signature and claims; a token revoked in Authentik counts until it expires.
   * `introspect`: Authentik itself, asked with the client secret. `local+introspect`: both. Answers of Authentik are
   * kept for `introspectionTtlSeconds`. Tokens that are no signed JWT (opaque, encrypted) can only be introspected.
   * About tokens whose signature nobody has proved, Authentik is asked 64 times at once at most, in this process, so that
   * nobody floods it with tokens that are made up; others wait up to a second, and are then 503. Default `local`.
   */
  validation?: TokenValidation = 'local';

  /** How long an answer of Authentik about a token counts, in seconds, 0 to 3600. Default 60. */
  introspectionTtlSeconds?: number = 60;

  /** How many verified tokens are remembered, by their hash; 0 for none. Default 10000. */
  cacheMaxEntries?: number = 10_000;

  /**
   * Whether `user.claims` of remembered tokens keeps all claims, also for `mapUser`; else `iss`, `sub`, `aud` and `exp`
   * alone. All of them cost some hundred bytes a token. Default true.
   */
  keepClaims?: boolean = true;

  /**
   * Whether tokens signed with the client secret (HS256) count: those of a provider without "Signing Key". Everybody who
   * knows the secret can make them. Default false.
   */
  acceptHs256?: boolean = false;

  /** Allowed clock difference for `exp` and `nbf`, in seconds, 0 to 300. Default 30. */
  clockToleranceSeconds?: number = 30;

  /**
   * How long known signing keys serve on while Authentik cannot be reached, in seconds, besides the five minutes in which
   * they are not read again anyway. Default 3600.
   */
  staleKeysSeconds?: number = 3600;

  /**
   * With `redis` or a shared `store`: how long tokens are judged on by what was known of revocations, in seconds, while it
   * cannot be reached; then they are answered 503. 0 to 3600. Default 60.
   */
  revocationStaleSeconds?: number = 60;

  /**
   * Whether UserInfo judges tokens that nobody else can: opaque and encrypted ones, where no application has a
   * `clientSecret` to introspect with. It proves that Authentik knows the token, not for whom it was issued: **a token of
   * any application of that Authentik counts here**, also of one whose users this application does not admit, with the
   * `sub` and the groups that its mappings write. Such a user has no `scopes`, so `@RequiredScopes` refuses, an empty
   * `clientId`, the kind `person`, and an `expiresAt` that is the end of `introspectionTtlSeconds`. The app's own
   * application is asked, about 64 tokens at once at most, as for `validation`. A token that another way has refused never comes
   * here. Default false.
   */
  dangerouslyAcceptUserInfo?: boolean = false;
}
