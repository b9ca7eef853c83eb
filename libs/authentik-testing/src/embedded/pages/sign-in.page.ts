import { htmlEscape } from 'escape-goat';
import { layout } from './layout.js';

/** The sign-in page: name and password in one form that posts to its own address. */
export function signInPage({
  application,
  uidField = '',
  error,
}: {
  application?: string;
  uidField?: string;
  error?: string;
}): string {
  const alert = error === undefined ? '' : htmlEscape`<p class="bad" id="error" role="alert">${error}</p>`;
  const invalid = error === undefined ? '' : ' aria-invalid="true" aria-describedby="error"';
  // Who is known has the password left to type.
  const [nameFocus, passwordFocus] = uidField === '' ? [' autofocus', ''] : ['', ' autofocus'];
  const purpose = application === undefined ? '' : htmlEscape`<p class="quiet">To continue to ${application}.</p>`;
  return layout(
    'authentik',
    `<h1>Welcome to authentik!</h1>
${purpose}
${alert}
<form method="post" autocomplete="on">
` +
      htmlEscape`<label for="uid_field">Email or Username</label>
<input id="uid_field" name="uid_field" type="text" autocomplete="username" autocapitalize="none" spellcheck="false" required value="${uidField}"` +
      `${nameFocus}${invalid}>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required${passwordFocus}${invalid}>
<div class="actions"><button type="submit">Log in</button></div>
</form>`,
  );
}
