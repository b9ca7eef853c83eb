/** Another application of the same Authentik whose tokens count here, for example that of a mobile app. */
export class TrustedApplicationOptions {
  /** Slug of that application. Its tokens come from the issuer `<url>/application/o/<applicationSlug>/`. */
  applicationSlug!: string;

  /** Client ID of its OAuth2 provider. Its tokens must have it as `azp`. */
  clientId!: string;

  /** Client secret of its provider, where it is confidential. Not needed to verify tokens. */
  clientSecret?: string;

  /** `aud` of its tokens, where a property mapping sets another. Default: its `clientId`. */
  audience?: string;
}

/** An application whose tokens count, after checks and defaults. Frozen; the client secret is not enumerable. */
export interface AuthentikApplication {
  readonly applicationSlug: string;
  /** With its final slash, compared byte for byte. */
  readonly issuer: string;
  /** Where its metadata is, whatever its issuer: `<url>/application/o/<applicationSlug>/`. */
  readonly baseUrl: string;
  readonly clientId: string;
  readonly audience: string;
  readonly clientSecret?: string;
}
