import { htmlEscape } from 'escape-goat';
import { STYLESHEET_PATH } from './stylesheet.js';

/**
 * The frame of every page.
 * @param title plain text
 * @param body HTML, escaped by the page that made it
 */
export function layout(title: string, body: string): string {
  const head = htmlEscape`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<link rel="stylesheet" href="${STYLESHEET_PATH}">
</head>
<body>
<main>
`;
  return `${head}${body}
<footer><p class="quiet">Embedded Authentik, for development and tests only.</p></footer>
</main>
</body>
</html>
`;
}
