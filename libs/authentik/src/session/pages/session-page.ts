import { hash } from 'node:crypto';

import { htmlEscape } from 'escape-goat';

const style = `
:root { color-scheme: light dark; --page: #f3f5f8; --card: #fff; --text: #1a1f27; --quiet: #57606f; --line: #d5dae3;
  --accent: #b93c0b; --on-accent: #fff; }
@media (prefers-color-scheme: dark) { :root { --page: #13151a; --card: #1d2128; --text: #ebedf1; --quiet: #a5adba;
  --line: #3a414d; --accent: #f58a5b; --on-accent: #1a0f09; } }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1rem; background: var(--page);
  color: var(--text); font: 1rem/1.55 system-ui, sans-serif; }
main { width: 100%; max-width: 28rem; padding: 1.75rem; background: var(--card); border: 1px solid var(--line);
  border-radius: 0.75rem; overflow-wrap: anywhere; }
h1 { margin: 0 0 0.5rem; font-size: 1.5rem; line-height: 1.25; }
p { margin: 0 0 1rem; }
.quiet { color: var(--quiet); }
.actions { display: flex; flex-wrap: wrap; gap: 0.75rem; margin: 1.5rem 0 0; }
.actions form { margin: 0; }
a { color: var(--accent); }
button, .button { min-height: 2.75rem; display: inline-flex; align-items: center; padding: 0 1.1rem;
  border: 1px solid var(--accent); border-radius: 0.5rem; background: var(--accent); color: var(--on-accent); font: inherit;
  font-weight: 600; text-decoration: none; cursor: pointer; }
.second { background: transparent; color: inherit; border-color: var(--line); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
`;

/** For every page of ours: nothing is loaded, kept, framed, or told to where the browser goes next. */
export const pageHeaders: Readonly<Record<string, string>> = {
  'Content-Type': 'text/html; charset=utf-8',
  'Cache-Control': 'no-store',
  'Content-Security-Policy':
    `default-src 'none'; style-src 'sha256-${hash('sha256', style, 'base64')}'; form-action 'self'; ` +
    "frame-ancestors 'none'; base-uri 'none'",
  'X-Frame-Options': 'DENY',
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
};

/**
 * The frame of every page of ours.
 * @param title plain text
 * @param body HTML, escaped by whoever made it
 * @param continueTo where the browser goes by itself, after a moment in which one can read the page
 */
export function sessionPage(title: string, body: string, continueTo?: string): string {
  const goesOn =
    continueTo === undefined ? '' : htmlEscape`<meta http-equiv="refresh" content="1; url=${continueTo}">\n`;
  return (
    htmlEscape`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
` +
    `${goesOn}<style>${style}</style>
</head>
<body>
<main>
${body}
</main>
</body>
</html>
`
  );
}

/** Whether a person reads the answer, and not a program. */
export function wantsPage({ headers }: { readonly headers: { readonly accept?: string | undefined } }): boolean {
  return headers.accept?.includes('text/html') === true;
}
