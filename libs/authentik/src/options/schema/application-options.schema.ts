import { IsNotEmpty, IsOptional, IsString, Matches } from 'class-validator';

import type { TrustedApplicationOptions } from '../application-options.js';
import { Check, decorateAll, say } from './checks.js';

export const slug = Matches(
  /^[-\w]+$/u,
  say(
    'is not an application slug.',
    'Copy "Slug" from the application in Authentik (letters, digits, "-" and "_"), not an address or the provider name.',
  ),
);
const visible = /^[\x21-\x7e]{1,255}$/u;
export const clientId = Matches(
  visible,
  say('is not a client id.', 'Copy "Client ID" from the OAuth2 provider of the application in Authentik.'),
);
const secretRemedy = 'Copy "Client Secret" from the provider, or leave it out for a public client.';
// What people leave standing from an example.
const placeholder =
  /^(?:<.*>|\$\{.*\}|\{\{.*\}\}|change[-_ ]?(?:me|this|it).*|(?:your|my|the|a|some)[-_ ].*|(?:client[-_ ]?)?secret|placeholder|password|example|todo|test|x{3,}|\*{3,}|\.{3})$/iu;
export const clientSecret = decorateAll(
  IsOptional(),
  Check(
    'notAPlaceholder',
    (value) => typeof value !== 'string' || !placeholder.test(value.trim()),
    say('is a placeholder, not a secret.', secretRemedy),
  ),
  IsNotEmpty(say('is empty.', secretRemedy)),
  IsString(say('is not a string.', secretRemedy)),
);

export class TrustedApplicationSchema implements TrustedApplicationOptions {
  @slug
  applicationSlug!: string;

  @clientId
  clientId!: string;

  @clientSecret
  clientSecret?: string;

  @IsOptional()
  @Matches(visible, say('is not an audience.', 'Write the "aud" that the property mapping of that provider sets.'))
  audience?: string;
}
