import { htmlEscape } from 'escape-goat';

import { sessionPage } from '../pages/session-page.js';

interface Places {
  readonly loginPath: string;
  readonly logoutPath: string;
}

/**
 * Where signing out ends.
 * @param endSessionUrl where the browser goes on to; absent where there is nothing to end at Authentik, or no way to
 */
export function signedOutPage({ loginPath }: Places, endSessionUrl?: string, isAuthentikAway = false): string {
  const text =
    endSessionUrl === undefined
      ? isAuthentikAway
        ? htmlEscape`<p>Authentik cannot be reached now, so you may be signed in there still: whoever uses this browser next
could sign in again as you. Close it, or sign out of Authentik later.</p>`
        : htmlEscape`<p class="quiet">Your session here is over.</p>`
      : htmlEscape`<p>Your session here is over. Next is your session at Authentik.</p>
<p class="quiet">Authentik may show a page of its own, or an empty one. You are signed out here in any case.</p>
<p class="actions"><a class="button" href="${endSessionUrl}">Continue</a></p>`;
  const actions =
    endSessionUrl === undefined
      ? htmlEscape`
<p class="actions"><a class="button" href="${loginPath}">Sign in again</a> <a class="button second" href="/">Start page</a></p>`
      : '';
  return sessionPage('Signed out', `<h1>You are signed out</h1>\n${text}${actions}`, endSessionUrl);
}

/** For who came by a link: a link of another site must not sign anybody out. */
export function confirmLogoutPage({ logoutPath }: Places): string {
  const body = htmlEscape`<h1>Sign out?</h1>
<p class="quiet">Your session here and your session at Authentik end.</p>
<form class="actions" method="post" action="${logoutPath}"><button>Sign out</button>
<a class="button second" href="/">Stay signed in</a></form>`;
  return sessionPage('Sign out', body);
}

/** That somebody could not be signed out. */
export function logoutFailedPage({ logoutPath }: Places, description: string): string {
  const body = htmlEscape`<h1>You are not signed out</h1>
<p>${description}.</p>
<form class="actions" method="post" action="${logoutPath}"><button>Try again</button></form>`;
  return sessionPage('Not signed out', body);
}
