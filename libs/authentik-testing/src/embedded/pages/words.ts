/** Authentik's own words that follow the language of the browser's session. The rest of its pages does not. */
export interface Words {
  readonly permissionDenied: string;
  readonly requestDenied: string;
  aboutToSignIn(application: string): string;
  redirectingTo(application: string): string;
}

const ENGLISH: Words = {
  permissionDenied: 'Permission denied',
  requestDenied: 'Request has been denied.',
  aboutToSignIn: (application) => `You're about to sign into ${application}.`,
  redirectingTo: (application) => `Redirecting to ${application}`,
};

/** As recorded; languages that are not here speak English. */
const WORDS: Readonly<Partial<Record<string, Words>>> = {
  de: {
    ...ENGLISH,
    permissionDenied: 'Erlaubnis verweigert',
    requestDenied: 'Anfrage wurde verweigert',
    aboutToSignIn: (application) => `Sie sind dabei, sich bei ${application} anzumelden.`,
  },
};

/** Languages that Authentik is translated to. */
const LOCALES = new Set('cs de en es fi fr it ja ko nl no pl pt pt-br ru tr zh-hans zh-hant'.split(' '));

export function words(locale: string): Words {
  return WORDS[locale] ?? ENGLISH;
}

/** @returns the first language of `ui_locales` that there is: as asked, or without its region */
export function supportedLocale(uiLocales: string): string | undefined {
  const asked = uiLocales.toLowerCase().split(/\s+/);
  return asked.flatMap((tag) => [tag, tag.split('-', 1)[0] ?? '']).find((tag) => LOCALES.has(tag));
}
