import { htmlEscape } from 'escape-goat';
import { layout } from './layout.js';
import { words } from './words.js';

/** A page that says no. Titles and headings are Authentik's. */
export function errorPage({
  title = 'authentik',
  heading,
  text,
}: {
  title?: string;
  heading: string;
  text?: string;
}): string {
  return layout(title, htmlEscape`<h1>${heading}</h1>\n` + (text === undefined ? '' : htmlEscape`<p>${text}</p>`));
}

/** The page of a person who may not use an application, or who refused consent. Authentik sends it with status 200. */
export function permissionDeniedPage(locale: string): string {
  const { permissionDenied, requestDenied } = words(locale);
  return errorPage({ title: `${permissionDenied} - authentik`, heading: permissionDenied, text: requestDenied });
}
