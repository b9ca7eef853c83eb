import { htmlEscape } from 'escape-goat';
import { consentPage, formPostPage } from './consent.page.js';
import { errorPage, permissionDeniedPage } from './error.page.js';
import { layout } from './layout.js';
import { signInPage } from './sign-in.page.js';

/**
 * A challenge as a person sees it.
 * @param typedName what was typed as a name, so that nobody has to type it twice
 */
export function challengePage(
  challenge: Readonly<Record<string, unknown>> & { readonly component: string },
  typedName: string | undefined,
  locale: string,
): string {
  const error = firstError(challenge['response_errors']);
  const failed = error !== undefined && { error };
  switch (challenge.component) {
    case 'ak-stage-identification':
    case 'ak-stage-password': {
      const application = challenge['application_pre'];
      const uidField = typedName ?? textOf(challenge['pending_user_identifier'] ?? challenge['pending_user']);
      return signInPage({ ...(typeof application === 'string' && { application }), uidField, ...failed });
    }
    case 'ak-stage-consent':
      return consentPage({
        heading: titleOf(challenge),
        text: textOf(challenge['header_text']),
        username: textOf(challenge['pending_user']),
        permissions: [
          ...permissionsOf(challenge['permissions']),
          ...permissionsOf(challenge['additional_permissions']),
        ],
        token: textOf(challenge['token']),
        ...failed,
      });
    case 'ak-stage-autosubmit':
      return formPostPage(
        textOf(challenge['url']),
        Object.entries(challenge['attrs'] as Readonly<Record<string, string>>),
      );
    case 'ak-provider-oauth2-device-code':
      return deviceCodePage(error);
    case 'ak-provider-oauth2-device-code-finish':
      return errorPage({ heading: titleOf(challenge), text: "You've successfully authenticated your device." });
    case 'ak-stage-access-denied': {
      const message = challenge['error_message'];
      if (typeof message !== 'string') return permissionDeniedPage(locale);
      return errorPage({ title: 'Permission denied - authentik', heading: 'Permission denied', text: message });
    }
    default:
      return errorPage({ heading: 'Whoops!', text: 'Something went wrong! Please try again later.' });
  }
}

/** What happens by itself as soon as a script asks: by the button without scripts. */
export function continuePage(application: string): string {
  return layout(
    'Redirecting',
    htmlEscape`<h1>Redirecting to ${application}</h1>
<form method="post">
<input type="hidden" name="component" value="continue">
<div class="actions"><button type="submit" autofocus>Continue</button></div>
</form>
` + '<script>document.forms[0].submit()</script>',
  );
}

function deviceCodePage(error: string | undefined): string {
  const alert = error === undefined ? '' : htmlEscape`<p class="bad" id="error" role="alert">${error}</p>\n`;
  const invalid = error === undefined ? '' : ' aria-invalid="true" aria-describedby="error"';
  return layout(
    'Device code',
    `<h1>Device code</h1>
<p>Enter the code that your device shows.</p>
${alert}<form method="post" autocomplete="off">
<label for="code">Code</label>
<input id="code" name="code" type="text" inputmode="numeric" autocapitalize="none" spellcheck="false" required autofocus${invalid}>
<div class="actions"><button type="submit">Continue</button></div>
</form>`,
  );
}

function titleOf({ flow_info: info }: Readonly<Record<string, unknown>>): string {
  return textOf((info as Readonly<Record<string, unknown>> | undefined)?.['title']);
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function permissionsOf(list: unknown): string[] {
  return (list as readonly { readonly name: string; readonly id: string }[]).map(({ name, id }) => name || id);
}

function firstError(errors: unknown): string | undefined {
  const lists = Object.values((errors ?? {}) as Readonly<Record<string, readonly { readonly string: string }[]>>);
  return lists[0]?.[0]?.string;
}
