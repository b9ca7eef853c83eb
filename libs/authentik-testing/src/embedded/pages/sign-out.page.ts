import { htmlEscape } from 'escape-goat';
import { layout } from './layout.js';

const SIGN_OUT = '/flows/-/default/invalidation/';

/** Where people decide whether they leave Authentik as well (2024.8). */
export function sessionEndPage({ name }: { readonly name: string }): string {
  return layout(
    'End session - authentik',
    htmlEscape`<h1>You've logged out of ${name}.</h1>
<p>You can go back to the overview, or log out of your account.</p>
<p><a href="/if/user/">Go back to overview</a></p>
<p><a href="${SIGN_OUT}">Log out of authentik</a></p>`,
  );
}

/** The end of a flow that signs out, of an application or of everything. */
export function signedOutPage(application: string | undefined, username: string | undefined): string {
  const what = application === undefined ? 'You are signed out.' : `You've logged out of ${application}.`;
  const rest =
    username === undefined
      ? htmlEscape`<p><a href="/if/user/">Sign in again</a></p>`
      : htmlEscape`<p>You are still signed in as ${username}.</p>
<p><a href="/if/user/">Go back to overview</a></p>
<p><a href="${SIGN_OUT}">Log out of authentik</a></p>`;
  return layout('Logged out - authentik', htmlEscape`<h1>${what}</h1>\n` + rest);
}

/** Sends the browser on by itself, where the real page has a script do it. */
export function redirectPage(to: string): string {
  return layout(
    'Redirecting',
    htmlEscape`<meta http-equiv="refresh" content="0;url=${to}">
<h1>Redirecting</h1>
<p><a href="${to}">Continue</a></p>`,
  );
}
